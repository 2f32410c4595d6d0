/** As HOST names an address to listen at, and as a URL does: `::1` and `[::1]` (https://www.rfc-editor.org/rfc/rfc3986). */
export function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** The other way round: what a server can listen at. */
export function hostToListenAt(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
