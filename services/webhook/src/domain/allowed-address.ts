import { isPublicHost } from '@kith/written-text/public-host';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
/** A CIDR range, read. */
export type Range = readonly [Address, number];

/** A list of ranges that cannot be read; the message names the part. */
export class BadRange extends Error {
  override name = 'BadRange';
}

/** `10.0.0.0/8, fd00::/8`: ranges in CIDR notation, or single addresses. @throws {BadRange} */
export function readRanges(text: string): readonly Range[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').map(readRange);
}

function readRange(part: string): Range {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(part) || ipaddr.IPv6.isValidCIDR(part)) return ipaddr.parseCIDR(part);
  if (!isPlainAddress(part)) {
    throw new BadRange(`"${part}" is no range: write 10.0.0.0/8, or several separated by commas`);
  }
  const address = ipaddr.parse(part);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/**
 * Whether a connection to this address may be made: the guard against server-side request forgery (CWE-918), after the
 * name was resolved. Public addresses, and those of the `allowed` ranges; an IPv4 address inside an IPv6 one (mapped)
 * counts as itself for the ranges, and is never public.
 *
 * @param address an IPv4 or IPv6 address as Node's resolver gives it, without brackets
 */
export function isAllowedAddress(address: string, allowed: readonly Range[]): boolean {
  if (!isPlainAddress(address)) return false;
  const parsed = ipaddr.process(address);
  if (allowed.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))) return true;
  return isPublicHost(address.includes(':') ? `[${address}]` : address);
}

/** As WHATWG's URL and Node's resolver write one: no octal, hexadecimal or short IPv4. Without brackets. */
export const isPlainAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text));
