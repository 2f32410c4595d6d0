import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { proxyForOutside } from '@kith/service-kit';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import { isAllowedAddress, type Range } from '../domain/allowed-address.ts';
import { addressIn } from '../domain/endpoint-url.ts';
import { tunnelThroughProxy } from './tunnel-through-proxy.ts';

/** The address that a name resolved to, or that stands in a URL, may not be connected to. */
export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';
  constructor(host: string, address: string) {
    super(`${host} is ${address}, which may not be connected to.`);
    this.name = 'AddressRefused';
  }
}

/** As `dns.lookup` with `all`. */
export type Resolve = (hostname: string) => Promise<readonly { address: string; family: number }[]>;

export const systemResolve: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/**
 * Connections to one endpoint, so many at a time (bulkhead), and none to an address that is not allowed: what a name
 * resolves to is looked at for each connection, and the connection goes to the very address that was looked at, so that
 * no second answer (DNS rebinding) comes in between. A request that would need another fails with AddressRefused.
 * Redirects are not followed. Where a proxy variable names a proxy for the endpoint, the connection is a tunnel through it
 * to that same address.
 */
export function openGuardedConnections(
  url: URL,
  options: { connections: number; timeoutMs: number; ranges: readonly Range[]; resolve: Resolve },
): Dispatcher {
  const { connections, timeoutMs, ranges } = options;
  const addressesOf = (hostname: string) => allowedAddressesOf(hostname, options);
  const lookup: LookupFunction = (hostname, wanted, callback) => {
    addressesOf(hostname).then(
      ([first, ...others]) => {
        if (wanted.all) callback(null, [first, ...others]);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, '', 0),
    );
  };
  const connect = buildConnector({ lookup, timeout: timeoutMs });
  // For an address no name is resolved.
  const address = addressIn(url.hostname);
  const isRefused = address !== undefined && !isAllowedAddress(address, ranges);
  const throughProxy: buildConnector.connector = (to, connected) => {
    const tunnelled = async () => {
      const proxy = proxyForOutside(url) as URL;
      const target = address ?? (await addressesOf(url.hostname))[0].address;
      const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
      return tunnelThroughProxy(proxy, { address: target, port }, { timeoutMs });
    };
    tunnelled().then(
      (httpSocket) =>
        url.protocol === 'https:' ? connect({ ...to, httpSocket }, connected) : connected(null, httpSocket),
      (error) => connected(error, null),
    );
  };
  return new Pool(url.origin, {
    connections,
    pipelining: 1,
    connect: (to, connected) => {
      try {
        if (isRefused) connected(new AddressRefused(url.hostname, address), null);
        else if (proxyForOutside(url)) throughProxy(to, connected);
        else connect(to, connected);
      } catch (error) {
        connected(error as Error, null);
      }
    },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16 * 1024,
  });
}

type Resolved = Awaited<ReturnType<Resolve>>[number];

/** All that the name is, at least one. @throws {AddressRefused} when one of them is not allowed */
async function allowedAddressesOf(
  hostname: string,
  { ranges, resolve }: { ranges: readonly Range[]; resolve: Resolve },
): Promise<[Resolved, ...Resolved[]]> {
  const found = await resolve(hostname);
  const refused = found.find((each) => !isAllowedAddress(each.address, ranges));
  const [first, ...others] = found;
  if (refused || !first) throw new AddressRefused(hostname, refused?.address ?? 'nowhere');
  return [first, ...others];
}
