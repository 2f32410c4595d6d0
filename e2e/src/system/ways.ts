import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Way {
  readonly from: string;
  readonly to: string;
}

export interface Ways {
  /** Makes a way to a port of 127.0.0.1, and resolves to the port at which it begins. */
  make(from: string, to: string, port: number): Promise<number>;
  /** Closes every way that leads from or to it, and those who are on it; nobody gets through until it is joined again. */
  cutOff(name: string): void;
  join(name: string): void;
  stop(): Promise<void>;
}

/** Network partitions (fault injection) on one machine: TCP proxies between processes, each of which can be closed. */
export function makeWays(): Ways {
  const made: { way: Way; server: Server; open: Set<Socket> }[] = [];
  const cut = new Set<string>();
  const isClosed = ({ from, to }: Way) => cut.has(from) || cut.has(to);
  return {
    async make(from, to, port) {
      const way = { from, to };
      const open = new Set<Socket>();
      const server = createServer((near) => {
        if (isClosed(way)) return void near.resetAndDestroy();
        const far = connect(port, '127.0.0.1');
        pass(near, far, open);
        pass(far, near, open);
      });
      made.push({ way, server, open });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return (server.address() as AddressInfo).port;
    },
    cutOff(name) {
      cut.add(name);
      for (const { way, open } of made) if (isClosed(way)) for (const socket of open) socket.resetAndDestroy();
    },
    join: (name) => void cut.delete(name),
    async stop() {
      for (const { server, open } of made) {
        server.close();
        for (const socket of open) socket.destroy();
      }
    },
  };
}

function pass(from: Socket, to: Socket, open: Set<Socket>): void {
  open.add(from);
  from.on('error', () => undefined);
  from.once('close', () => {
    open.delete(from);
    to.destroy();
  });
  from.pipe(to);
}
