import pg from 'pg';
import type { WantedSession } from './read-postgres-address.ts';

const ANSWERS_WITHIN_MS = 2_000;

const FITS: Readonly<Record<WantedSession, string>> = {
  any: 'true',
  'read-write': "current_setting('transaction_read_only') = 'off'",
  primary: 'NOT pg_is_in_recovery()',
  'read-only': "current_setting('transaction_read_only') = 'on'",
  standby: 'pg_is_in_recovery()',
};

/** What a server says of itself. */
export interface ServerAnswer {
  /** Whether it is what the address asks for. */
  readonly fits: boolean;
  /** The same for a primary and for all that were copied from it; null where it is not told. */
  readonly systemId: string | null;
  /** Of a primary: rises by one with each promotion. 0 of a standby, and where it is not told. */
  readonly walTimeline: number;
}

/** https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES */
const WHICH = `
  (SELECT system_identifier::text FROM pg_control_system()) AS "systemId",
  CASE WHEN pg_is_in_recovery() THEN 0
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS "walTimeline"`;

/** No such function, not allowed, not supported: a service that speaks Postgres' protocol, and keeps no log of its kind. */
const NOT_TOLD = ['42883', '42501', '0A000', '55000'];

/** Asks over an open connection. */
export async function askOver(client: pg.ClientBase, wanted: WantedSession): Promise<ServerAnswer> {
  const plain = `${FITS[wanted]} AS fits`;
  if (!isForWrites(wanted)) {
    const { rows } = await client.query<{ fits: boolean }>(`SELECT ${plain}`);
    return { fits: rows[0]?.fits === true, systemId: null, walTimeline: 0 };
  }
  try {
    const { rows } = await client.query<ServerAnswer>(`SELECT ${plain}, ${WHICH}`);
    return rows[0] ?? { fits: false, systemId: null, walTimeline: 0 };
  } catch (error) {
    if (!NOT_TOLD.includes((error as { code?: string }).code ?? '')) throw error;
    const { rows } = await client.query<{ fits: boolean }>(`SELECT ${plain}`);
    return { fits: rows[0]?.fits === true, systemId: null, walTimeline: 0 };
  }
}

/** Of such there is one at most: two that say so are an old primary and the one that was promoted. */
export const isForWrites = (wanted: WantedSession): boolean => wanted === 'read-write' || wanted === 'primary';

/** Asks over a connection of its own; rejects when there is no answer within two seconds. */
export async function askServer(server: string, wanted: WantedSession): Promise<ServerAnswer> {
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

async function askIn(connectionString: string, wanted: WantedSession): Promise<ServerAnswer> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: ANSWERS_WITHIN_MS });
  client.on('error', () => undefined);
  // For a server that accepts the connection and then hangs.
  const late = setTimeout(() => void client.end().catch(() => undefined), ANSWERS_WITHIN_MS);
  try {
    await client.connect();
    return await askOver(client, wanted);
  } finally {
    clearTimeout(late);
    void client.end().catch(() => undefined);
  }
}
