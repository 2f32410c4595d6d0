import pg from 'pg';
import { type PostgresAddress, readPostgresAddress, type WantedSession } from './read-postgres-address.ts';

const ANSWERS_WITHIN_MS = 2_000;

const FITS: Readonly<Record<WantedSession, string>> = {
  any: 'true',
  'read-write': "current_setting('transaction_read_only') = 'off'",
  primary: 'NOT pg_is_in_recovery()',
  'read-only': "current_setting('transaction_read_only') = 'on'",
  standby: 'pg_is_in_recovery()',
};

/** No server of an address matches `target_session_attrs`. Has the code of a read-only server: a transient outage. */
export class NoServerFits extends Error {
  readonly code = '25006';
  override name = 'NoServerFits';
  constructor(wanted: WantedSession, servers: number) {
    super(`Of the ${servers} Postgres servers of the address, those that answer are not what it asks for: ${wanted}.`);
  }
}

/**
 * Failover by the client (multi-host connection string): resolves to the address of the first server that answers and
 * matches `target_session_attrs`. A single server without requirements is not probed.
 *
 * @throws {BadPostgresAddress} {NoServerFits}, or the error of the last server that did not answer
 */
export async function findTheServer(url: string): Promise<string> {
  const { servers, wanted } = readPostgresAddress(url);
  if (servers.length === 1 && wanted === 'any') return servers[0];
  // All are asked in parallel, so that a frozen server does not delay the others.
  const asked = servers.map((server) => ask(server, wanted).catch((error: Error) => error));
  let failed: Error | undefined;
  for (const [n, answer] of asked.entries()) {
    const fits = await answer;
    if (fits === true) return servers[n] as string;
    if (fits instanceof Error) failed = fits;
    else failed ??= new NoServerFits(wanted, servers.length);
  }
  const someAnswered = (await Promise.all(asked)).includes(false);
  throw someAnswered ? new NoServerFits(wanted, servers.length) : failed;
}

async function ask(server: string, wanted: WantedSession): Promise<boolean> {
  try {
    return await askIn(server, wanted);
  } catch (error) {
    const INVALID_CATALOG_NAME = '3D000';
    if ((error as { code?: string }).code !== INVALID_CATALOG_NAME) throw error;
    // The database does not exist there yet.
    const url = new URL(server);
    url.pathname = '/postgres';
    return askIn(url.href, wanted);
  }
}

async function askIn(connectionString: string, wanted: WantedSession): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: ANSWERS_WITHIN_MS });
  client.on('error', () => undefined);
  // For a server that accepts the connection and then hangs.
  const late = setTimeout(() => void client.end().catch(() => undefined), ANSWERS_WITHIN_MS);
  try {
    await client.connect();
    return await isWhatIsWanted(client, wanted);
  } finally {
    clearTimeout(late);
    void client.end().catch(() => undefined);
  }
}

async function isWhatIsWanted(client: pg.ClientBase, wanted: WantedSession): Promise<boolean> {
  const { rows } = await client.query<{ fits: boolean }>(`SELECT ${FITS[wanted]} AS fits`);
  return rows[0]?.fits === true;
}

/**
 * The same for a `pg.Pool`, spread into its options: each new connection goes to the matching server, which is searched
 * again (single-flight) once a connection to it fails, breaks, or turns out read-only.
 *
 * @throws {BadPostgresAddress}
 */
export function poolOfServers(url: string): Pick<pg.PoolConfig, 'connectionString' | 'Client'> {
  const address = readPostgresAddress(url);
  const connectionString = address.servers[0];
  if (address.servers.length === 1 && address.wanted === 'any') return { connectionString };
  return { connectionString, Client: clientThatLooks(url, address) };
}

function clientThatLooks(url: string, { wanted }: PostgresAddress): new () => pg.ClientBase {
  let found: Promise<string> | undefined;
  const forget = () => {
    found = undefined;
  };
  const look = () => {
    found ??= findTheServer(url).catch((error) => {
      forget();
      throw error;
    });
    return found;
  };

  type Connected = (error?: Error) => void;
  class ClientThatLooks extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super(config);
      this.on('error', forget);
      const { connection } = this as unknown as { connection?: NodeJS.EventEmitter };
      connection?.on('errorMessage', ({ code }: { code?: string }) => code === '25006' && forget());
      const connect = this.connect.bind(this) as () => Promise<unknown>;
      this.connect = ((done?: Connected) => {
        const connecting = this.#connectToWhatFits(connect);
        if (!done) return connecting;
        connecting.then(() => done(), done);
        return undefined;
      }) as typeof this.connect;
    }

    async #connectToWhatFits(connect: () => Promise<unknown>): Promise<this> {
      const { hostname, port } = new URL(await look());
      // Read by connect(); read-only in the types.
      Object.assign(this, { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432) });
      try {
        await connect();
        // The server may have been demoted since it was found.
        if (!(await isWhatIsWanted(this, wanted))) throw new NoServerFits(wanted, 1);
        return this;
      } catch (error) {
        forget();
        void this.end().catch(() => undefined);
        throw error;
      }
    }
  }
  return ClientThatLooks as unknown as new () => pg.ClientBase;
}
