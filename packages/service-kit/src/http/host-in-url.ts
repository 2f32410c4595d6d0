/** Converts a HOST to listen at to the host of a URL: `::1` to `[::1]` (https://www.rfc-editor.org/rfc/rfc3986). */
export function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Converts the host of a URL to one that a server can listen at. */
export function hostToListenAt(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
