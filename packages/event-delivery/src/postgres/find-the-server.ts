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

/** No server of an address is what it asks for. With the code of a server that may only be read: an outage that passes. */
export class NoServerFits extends Error {
  readonly code = '25006';
  override name = 'NoServerFits';
  constructor(wanted: WantedSession, servers: number) {
    super(`Of the ${servers} Postgres servers of the address, those that answer are not what it asks for: ${wanted}.`);
  }
}

/**
 * Failover by the client (multi-host connection string): the first server of an address that answers and is what the
 * address asks for, as an address of that server alone. One server of which nothing is asked is not connected to.
 *
 * @throws {BadPostgresAddress} {NoServerFits}, or what the last server that does not answer says
 */
export async function findTheServer(url: string): Promise<string> {
  const { servers, wanted } = readPostgresAddress(url);
  if (servers.length === 1 && wanted === 'any') return servers[0];
  // All are asked at once, so that one that is frozen holds up nobody for longer than itself.
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
    // The database is yet to be made there.
    const url = new URL(server);
    url.pathname = '/postgres';
    return askIn(url.href, wanted);
  }
}

async function askIn(connectionString: string, wanted: WantedSession): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: ANSWERS_WITHIN_MS });
  client.on('error', () => undefined);
  // A server that lets us in and then says nothing.
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
 * The same for a `pg.Pool`, spread into its options: each new connection goes to the server that fits, which is looked
 * for again (single-flight) once a connection to it fails, breaks, or says that it may only be read.
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
      // Read by connect(); the types do not know that they may be written.
      Object.assign(this, { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432) });
      try {
        await connect();
        // What was found may have been demoted since.
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
