import type { NatsConnection, Status } from 'nats';
import type { Log } from '../../observe/log.ts';
import { logRefusals } from './connect-to-nats.ts';
import type { NatsAccess } from './read-nats-access.ts';

/** Not all connections of a server at once. */
const LEAVE_WITHIN_MS = 1_000;

/** Connection state: what the client says of its connection to NATS, told to whom it concerns. */
export function followConnection(
  nc: NatsConnection,
  options: {
    readonly access: NatsAccess;
    readonly log: Log;
    readonly onLost: () => void;
    /** The server does not let this user publish there. */
    readonly onDenied: (subject: string) => void;
  },
) {
  const { access, log, onLost, onDenied } = options;
  const reconnectHandlers = new Set<() => void>();
  let lost = false;

  /** Lame duck mode: the server is about to stop, and closes its connections one by one. We go while others are there. */
  function leave(): void {
    const others = Math.max(access.options.servers?.length ?? 1, nc.info?.connect_urls?.length ?? 0) > 1;
    log.info({ server: nc.getServer(), others }, 'this NATS server is about to stop');
    if (others) setTimeout(() => void nc.reconnect().catch(() => undefined), Math.random() * LEAVE_WITHIN_MS).unref();
  }

  const refusals = logRefusals({ access, log, onDenied });
  void followStatus(nc, ({ type: event, ...status }) => {
    if ('error' in status) refusals.error(status.error);
    if (event === 'ldm') leave();
    if (event === 'disconnect') {
      lost = true;
      onLost();
    }
    if (event === 'reconnect') {
      lost = false;
      refusals.reconnected();
      for (const handler of reconnectHandlers) guarded(log, handler);
    }
  });

  return {
    isLost: () => lost,
    isUp: () => !lost && !nc.isClosed(),
    /** Called after it has come back. */
    onReconnect(handler: () => void): { stop(): Promise<void> } {
      reconnectHandlers.add(handler);
      return { stop: async () => void reconnectHandlers.delete(handler) };
    },
  };
}

async function followStatus(nc: NatsConnection, on: (status: Status) => void): Promise<void> {
  for await (const status of nc.status()) on(status);
}

/** Runs what must not throw, since it would end the connection's reader. */
export function guarded(log: Log, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.error({ error: String(error) }, 'a listener threw; its message was dropped');
  }
}
