import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import { isAllowedAddress, type Range } from '../domain/allowed-address.ts';
import { addressIn } from '../domain/endpoint-url.ts';

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
 * Redirects are not followed, proxy variables not read.
 */
export function openGuardedConnections(
  url: URL,
  options: { connections: number; timeoutMs: number; ranges: readonly Range[]; resolve: Resolve },
): Dispatcher {
  const { connections, timeoutMs, ranges, resolve } = options;
  const lookup: LookupFunction = (hostname, wanted, callback) => {
    resolve(hostname).then(
      (found) => {
        const refused = found.find((each) => !isAllowedAddress(each.address, ranges));
        const [first] = found;
        if (refused || !first) callback(new AddressRefused(hostname, refused?.address ?? 'nowhere'), '', 0);
        else if (wanted.all) callback(null, [...found]);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, '', 0),
    );
  };
  const connect = buildConnector({ lookup, timeout: timeoutMs });
  // For an address no name is resolved.
  const address = addressIn(url.hostname);
  const isRefused = address !== undefined && !isAllowedAddress(address, ranges);
  return new Pool(url.origin, {
    connections,
    pipelining: 1,
    connect: (to, connected) =>
      isRefused ? connected(new AddressRefused(url.hostname, address), null) : connect(to, connected),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16 * 1024,
  });
}
