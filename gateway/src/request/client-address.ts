import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import { ConfigError } from '@kith/service-kit';
import proxyaddr from 'proxy-addr';

/** Whose request it is, as a network address. */
export type ClientAddressOf = (request: IncomingMessage) => string;

/** Whether what the request's connection says of others is believed. */
export type IsFromTrustedProxy = (request: IncomingMessage) => boolean;

/**
 * The address of the connection; behind proxies that are trusted (addresses, ranges, or `loopback`, `linklocal`,
 * `uniquelocal`, separated by commas) the nearest in `X-Forwarded-For` that none of them has. Anybody else's header is
 * not read, and an entry that is no address says nothing: the connection's own counts. ConfigError naming
 * TRUSTED_PROXIES when they cannot be read.
 */
export function readClientAddresses(trustedProxies: string): {
  clientAddressOf: ClientAddressOf;
  isFromTrustedProxy: IsFromTrustedProxy;
} {
  const isTrusted = compile(trustedProxies.split(',').map((each) => each.trim()));
  const isFromTrustedProxy: IsFromTrustedProxy = ({ socket: { remoteAddress } }) =>
    remoteAddress !== undefined && isTrusted(remoteAddress, 0);
  return {
    isFromTrustedProxy,
    clientAddressOf(request) {
      const own = request.socket.remoteAddress ?? '';
      const forwarded = request.headers['x-forwarded-for'];
      if (forwarded === undefined || !isFromTrustedProxy(request)) return groupOf(own);
      return groupOf(nearestUntrusted(String(forwarded), own, isTrusted));
    },
  };
}

function compile(trusted: readonly string[]): (address: string, hop: number) => boolean {
  try {
    return proxyaddr.compile(trusted.filter((each) => each !== ''));
  } catch (error) {
    throw new ConfigError('TRUSTED_PROXIES', (error as Error).message);
  }
}

/** What a client wrote itself is left of what our proxies added: read from the right, and no further than needed. */
function nearestUntrusted(
  forwarded: string,
  own: string,
  isTrusted: (address: string, hop: number) => boolean,
): string {
  const entries = forwarded.split(',');
  let nearest = own;
  for (let hop = entries.length - 1; hop >= 0; hop -= 1) {
    const address = addressIn(entries[hop] ?? '');
    if (address === undefined) return own;
    nearest = address;
    if (!isTrusted(address, entries.length - hop)) return address;
  }
  return nearest;
}

/**
 * Proxies write an address alone, with its port, or in brackets (https://www.rfc-editor.org/rfc/rfc7239#section-6 has
 * the same for `Forwarded`); undefined for what is none of them: a name, `unknown`, nothing.
 */
function addressIn(entry: string): string | undefined {
  const text = entry.trim().replace(/^"(.*)"$/, '$1');
  const bare = /^\[(.*)\](?::\d*)?$/.exec(text)?.[1] ?? /^([\d.]+):\d*$/.exec(text)?.[1] ?? text;
  const address = bare.replace(/%.*$/, '');
  return isIP(address) === 0 ? undefined : address;
}

/** Who has an IPv6 address has 2^64 of them: the network counts. IPv4 written as IPv6 is IPv4. */
export function groupOf(address: string): string {
  if (!address.includes(':')) return address;
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  const bare = address.replace(/%.*$/, '');
  if (!isIPv6(bare)) return address;
  // However it is written, a URL has one way of it (https://www.rfc-editor.org/rfc/rfc5952).
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(canonical);
  return mapped ? dotted(mapped[1] ?? '', mapped[2] ?? '') : `${first64BitsOf(canonical)}::/64`;
}

function dotted(...halves: [string, string]): string {
  return halves
    .map((half) => Number.parseInt(half, 16))
    .flatMap((half) => [half >> 8, half & 0xff])
    .join('.');
}

function first64BitsOf(canonical: string): string {
  const [head = '', tail] = canonical.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
