import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttableConnections {
  /** As the URL that they lead to, but by way of here. */
  readonly url: string;
  /** Destroys those that are open, as a network does, in the middle of whatever they carry. Resolves to their number. */
  cut(): number;
  /** Those that are open lead nowhere from now on, as when a network drops packets; others can be opened. */
  silence(): void;
  /** How many were opened so far. */
  readonly opened: number;
  stop(): Promise<void>;
}

/** A TCP proxy (fault injection): connections to a server that can be cut from outside. */
export async function cuttableConnections(target: string): Promise<CuttableConnections> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let opened = 0;
  const server = createServer((near) => {
    opened += 1;
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from
        .on('error', () => undefined)
        .on('close', () => {
          open.delete(from);
          to.destroy();
        });
      from.pipe(to);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cut = () => {
    const { size } = open;
    for (const socket of open) socket.resetAndDestroy();
    return size / 2;
  };
  return {
    // Without the slash that a URL is given for a path.
    url: url.href.replace(/\/$/, ''),
    cut,
    silence() {
      for (const socket of open) socket.unpipe().resume();
    },
    get opened() {
      return opened;
    },
    async stop() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
