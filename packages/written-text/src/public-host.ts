import ipaddr from 'ipaddr.js';

/** Names that never leave a network: special-use ones (RFC 6761, 6762, 8375; ICANN's `internal`), and those of habit. */
const PRIVATE_ENDINGS = new Set([
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'lan',
  'svc',
  'home.arpa',
]);

/** All global unicast IPv6 begins here; outside are mapped, compatible, translated and site-local addresses as well. */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * Whether a host can be somebody's on the public internet: the guard against server-side request forgery (CWE-918), an
 * allow-list of addresses. `hostname` as WHATWG's URL gives it, which has read decimal, octal, hexadecimal and short
 * IPv4 already. What a name resolves to is not asked: whoever fetches has to look at the address once more.
 */
export function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith('[')) {
    const address = ipaddr.IPv6.parse(hostname.slice(1, -1));
    return address.range() === 'unicast' && address.match(...GLOBAL_UNICAST);
  }
  if (ipaddr.IPv4.isValidFourPartDecimal(hostname)) return ipaddr.IPv4.parse(hostname).range() === 'unicast';
  const labels = hostname.replace(/\.$/, '').split('.');
  // A name without a dot is somebody's neighbour.
  if (labels.length < 2 || labels.includes('')) return false;
  return !PRIVATE_ENDINGS.has(labels.at(-1) ?? '') && !PRIVATE_ENDINGS.has(labels.slice(-2).join('.'));
}
