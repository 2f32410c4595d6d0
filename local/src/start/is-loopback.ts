import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a server on this HOST can be reached only from this machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const version = isIP(bare);
  // A name is resolved by the server that listens; only one name is known to stay here.
  if (version === 0) return /^(.+\.)?localhost\.?$/.test(bare);
  return loopback.check(bare, version === 6 ? 'ipv6' : 'ipv4');
}
