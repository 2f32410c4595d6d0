import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { ConfigError } from '@kith/service-kit';
import proxyaddr from 'proxy-addr';

/** Whose request it is, as a network address. */
export type ClientAddressOf = (request: IncomingMessage) => string;

/**
 * The address of the connection; behind proxies that are trusted (addresses, ranges, or `loopback`, `linklocal`,
 * `uniquelocal`, separated by commas) the nearest in `X-Forwarded-For` that none of them has. Anybody else's header is
 * not read. ConfigError naming TRUSTED_PROXIES when they cannot be read.
 */
export function readClientAddresses(trustedProxies: string): ClientAddressOf {
  const trusted = trustedProxies.split(',').map((each) => each.trim());
  try {
    const isTrusted = proxyaddr.compile(trusted.filter((each) => each !== ''));
    return (request) => groupOf(proxyaddr(request, isTrusted) ?? '');
  } catch (error) {
    throw new ConfigError('TRUSTED_PROXIES', (error as Error).message);
  }
}

/** Who has an IPv6 address has 2^64 of them: the network counts. IPv4 written as IPv6 is IPv4. */
export function groupOf(address: string): string {
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  if (!isIPv6(address)) return address;
  return `${first64BitsOf(address)}::/64`;
}

function first64BitsOf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
