import pg from 'pg';
import { askOver, isForWrites, type ServerAnswer } from './ask-a-server.ts';
import { chooseServer, type FoundServer, NoServerFits, wasPromotedAfter } from './find-the-server.ts';
import { readPostgresAddress } from './read-postgres-address.ts';

/** How often the servers are asked whether another one was promoted, while there are connections. */
const ASK_EVERY_MS = 2_000;

/**
 * A server that may be written, and is older than one that was seen: an old primary that came back. Has the code of a
 * read-only server: a transient outage.
 */
export class OldPrimary extends Error {
  readonly code = '25006';
  override name = 'OldPrimary';
  constructor(found: ServerAnswer, newest: ServerAnswer) {
    super(
      `The only Postgres server of the address that can be written is of timeline ${found.walTimeline} of its write-ahead log, and one of timeline ${newest.walTimeline} was there before: it is an old primary, and is left alone. Start this process again if it is what you have put back.`,
    );
  }
}

/** Ends connections to a server whose standby was promoted. The code is that of a connection that broke. */
export class TakenOver extends Error {
  readonly code = 'ECONNRESET';
  override name = 'TakenOver';
  constructor() {
    super('Another Postgres server was promoted: connections to the old primary are closed.');
  }
}

/**
 * Failover by the client for a `pg.Pool`, spread into its options: each new connection goes to the matching server, which is searched
 * again (single-flight) once a connection to it fails, breaks, or turns out read-only. Of servers that may be written,
 * the timeline of the write-ahead log is the fencing token: no connection goes to an older one than was seen before, and
 * open ones are cut when a newer one is met, even if the old primary hangs or still answers.
 *
 * @throws {BadPostgresAddress}
 */
export function poolOfServers(url: string): Pick<pg.PoolConfig, 'connectionString' | 'Client'> {
  const { servers, wanted } = readPostgresAddress(url);
  const connectionString = servers[0];
  if (servers.length === 1 && wanted === 'any') return { connectionString, Client: ClientThatReadsFiles };
  return { connectionString, Client: clientThatLooks(url) };
}

interface Servers {
  look(): Promise<FoundServer>;
  forget(): void;
  /** Rejects when it does not fit, or is older than what was seen. */
  join(client: pg.Client, server: string): Promise<void>;
}

/** One for each address in a process, whatever number of pools it has. */
const known = new Map<string, Servers>();

function serversOf(url: string): Servers {
  const servers = known.get(url) ?? followServers(url);
  known.set(url, servers);
  return servers;
}

function followServers(url: string): Servers {
  const { servers, wanted } = readPostgresAddress(url);
  const connected = new Map<pg.Client, FoundServer>();
  let found: Promise<FoundServer> | undefined;
  let newest: ServerAnswer | undefined;
  let timer: NodeJS.Timeout | undefined;

  const forget = () => {
    found = undefined;
  };

  function refuseOlder(answer: ServerAnswer): void {
    if (newest && wasPromotedAfter(newest, answer)) throw new OldPrimary(answer, newest);
    newest = answer;
  }

  async function choose(): Promise<FoundServer> {
    const chosen = await chooseServer(url);
    refuseOlder(chosen);
    return chosen;
  }

  function look(): Promise<FoundServer> {
    found ??= choose().catch((error) => {
      forget();
      throw error;
    });
    return found;
  }

  /** A frozen primary, or one that is cut off from its standby alone, never says that it is one no more. */
  async function askWhetherTakenOver(): Promise<void> {
    const chosen = await choose().catch(() => undefined);
    if (!chosen) return;
    const old = [...connected].filter(([, at]) => at.server !== chosen.server && wasPromotedAfter(chosen, at));
    if (old.length > 0) found = Promise.resolve(chosen);
    for (const [client] of old) cut(client);
  }

  function keepAsking(): void {
    if (timer || servers.length === 1 || !isForWrites(wanted)) return;
    timer = setTimeout(async () => {
      await askWhetherTakenOver();
      timer = undefined;
      if (connected.size > 0) keepAsking();
    }, ASK_EVERY_MS).unref();
  }

  return {
    look,
    forget,
    async join(client, server) {
      const answer = await askOver(client, wanted);
      // The server may have been demoted since it was found.
      if (!answer.fits) throw new NoServerFits(wanted, 1);
      refuseOlder(answer);
      connected.set(client, { ...answer, server });
      client.once('end', () => {
        connected.delete(client);
        if (connected.size === 0) forget();
      });
      keepAsking();
    },
  };
}

/** What waits for an answer fails at once; a closing handshake would wait for the server. */
function cut(client: pg.Client): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(error: Error): void } } };
  connection?.stream?.destroy(new TakenOver());
}

/** Certificates are read at each connection. The code is that of a connection that cannot be made: an outage. */
export class CertificateUnreadable extends Error {
  readonly code = 'ECONNREFUSED';
  override name = 'CertificateUnreadable';
  constructor(cause: unknown) {
    super(`A file that the address of Postgres names cannot be read: ${(cause as Error).message}`, { cause });
  }
}

type Connected = (error?: Error) => void;

/**
 * Where a certificate is being replaced its file may be missing for a moment. The client of `pg` throws then as it is
 * made, which ends the process where nobody waits for it: here connecting fails instead.
 */
class ClientThatReadsFiles extends pg.Client {
  // biome-ignore lint/correctness/noUnreachableSuper: the first call has thrown, and made nothing.
  constructor(config?: pg.ClientConfig) {
    let unreadable: CertificateUnreadable | undefined;
    try {
      super(config);
    } catch (error) {
      unreadable = new CertificateUnreadable(error);
      super({});
    }
    if (!unreadable) return;
    const failed = unreadable;
    this.connect = ((done?: Connected) => {
      if (!done) return Promise.reject(failed);
      setImmediate(done, failed);
      return undefined;
    }) as typeof this.connect;
  }
}

function clientThatLooks(url: string): new () => pg.ClientBase {
  const servers = serversOf(url);
  class ClientThatLooks extends ClientThatReadsFiles {
    constructor(config?: pg.ClientConfig) {
      super(config);
      this.on('error', servers.forget);
      const { connection } = this as unknown as { connection?: NodeJS.EventEmitter };
      connection?.on('errorMessage', ({ code }: { code?: string }) => code === '25006' && servers.forget());
      const connect = this.connect.bind(this) as () => Promise<unknown>;
      this.connect = ((done?: Connected) => {
        const connecting = this.#connectToWhatFits(connect);
        if (!done) return connecting;
        connecting.then(() => done(), done);
        return undefined;
      }) as typeof this.connect;
    }

    async #connectToWhatFits(connect: () => Promise<unknown>): Promise<this> {
      const { server } = await servers.look();
      const { hostname, port } = new URL(server);
      // Read by connect(); read-only in the types.
      Object.assign(this, { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432) });
      try {
        await connect();
        await servers.join(this, server);
        return this;
      } catch (error) {
        servers.forget();
        void this.end().catch(() => undefined);
        throw error;
      }
    }
  }
  return ClientThatLooks as unknown as new () => pg.ClientBase;
}
