import { borrowSessions, isSession, nameNoStatements, poolOfServers, processIdOf } from '@kith/event-delivery';
import pg from 'pg';
import type { Logger } from 'pino';

export interface PoolOptions {
  readonly url: string;
  readonly name: string;
  readonly log: Pick<Logger, 'warn'>;
  /** How many connections (10 unless told otherwise). */
  readonly max?: number;
  /** How long a statement may wait for a lock, and how long it may take, before Postgres cancels it. */
  readonly lockWithinMs?: number;
  readonly statementWithinMs?: number;
  /** Default `auto`: named on a session of our own, unnamed behind a pooler that lends a session per transaction. */
  readonly preparedStatements?: PreparedStatements;
}

/** Whether statements are prepared once under a name, and then only executed. */
export type PreparedStatements = 'on' | 'off' | 'auto';

/** Postgres ends a session that stays idle inside a transaction for so long. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** How often connections to a read-only server are replaced: not at every statement that it refuses. */
const REPLACE_AT_MOST_EVERY_MS = 1_000;

/**
 * Connection pool for Postgres. A connection that breaks, idle or lent, is logged and replaced: each has an error
 * listener for its whole life, without which its error would end the process. Connections to a server that became
 * read-only are replaced when they are released. Every session uses UTC, whatever the zone of the server, role, address
 * or process: Prisma writes and reads instants without a zone.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const { log } = options;
  const pool = new pg.Pool({
    ...poolOfServers(options.url),
    application_name: options.name,
    max: options.max ?? 10,
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    // Statements instead of startup parameters: a pooler refuses unknown parameters, but passes statements on.
    onConnect: (client) => setUpSession(client as pg.PoolClient, options),
  });
  pool.on('error', (err) => log.warn({ err }, 'an idle database connection broke'));
  pool.on('connect', (client) => {
    // While the connection is idle, the pool logs its errors.
    client.on('error', () => undefined);
  });
  replaceWhenReadOnly(pool, log);
  return pool;
}

/**
 * Sets up a session by a statement, not by the startup message, where poolers refuse parameters that they do not know.
 * A transaction pooler would keep the settings in a session that others use next: behind one they are local to each
 * transaction, and to this statement.
 */
async function setUpSession(client: pg.PoolClient, options: PoolOptions): Promise<void> {
  const { lockWithinMs = 10_000, statementWithinMs = 60_000, preparedStatements = 'auto' } = options;
  const settings = Object.entries({
    TimeZone: 'UTC',
    lock_timeout: lockWithinMs,
    statement_timeout: statementWithinMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  });
  const isBorrowed = `pg_backend_pid() <> ${processIdOf(client)}`;
  // Before the pool has lent the connection.
  const { rows } = await client.query<{ pid: number }>(
    `SELECT ${settings.map(([name, value]) => `set_config('${name}', '${value}', ${isBorrowed})`)}, pg_backend_pid() AS pid`,
  );
  const setLocal = settings.map(([name, value]) => `SET LOCAL ${name} = '${value}'`).join('; ');
  if (!isSession(client, rows[0]?.pid)) {
    borrowSessions(client, { setLocal, namesStatements: preparedStatements === 'on' });
  } else if (preparedStatements === 'off') nameNoStatements(client);
}

function replaceWhenReadOnly(pool: pg.Pool, log: Pick<Logger, 'warn'>): void {
  const openedIn = new WeakMap<object, number>();
  let generation = 0;
  let replacedAt = Number.NEGATIVE_INFINITY;
  const readOnly = ({ code }: { code?: string }) => {
    if (code !== '25006' || performance.now() - replacedAt < REPLACE_AT_MOST_EVERY_MS) return;
    replacedAt = performance.now();
    generation += 1;
    log.warn({}, 'Postgres may only be read: connections are opened anew, to find the server that took over');
  };
  pool.on('connect', (client) => {
    openedIn.set(client, generation);
    // Not in the types. Listens to the protocol's messages: independent of who holds the connection and handles the
    // error.
    const { connection } = client as unknown as { connection?: NodeJS.EventEmitter };
    connection?.on('errorMessage', readOnly);
  });
  pool.on('release', (_error, client) => {
    // The pool takes back no connection that is ending.
    if (openedIn.get(client) !== generation) client.end().catch(() => undefined);
  });
}

/** Less than whoever asks for `/ready` waits: no answer would say that the process is gone. */
const ANSWERS_WITHIN_MS = 700;
/** One that has just answered, and is slow now, is not away for that. */
const BELIEVED_FOR_MS = 5_000;
const AWAY = { readable: false, writable: false };
const lastSaid = new WeakMap<pg.Pool, { at: number; said: typeof AWAY }>();

/**
 * Readiness probe: whether the database answers and accepts writes, asked the way operations ask. Resolves within a
 * second: for a database that does not answer in time to what it said at last, if that is not long ago.
 */
export async function postgresIn(pool: pg.Pool): Promise<{ readable: boolean; writable: boolean }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof AWAY>((resolve) => {
    timer = setTimeout(() => {
      const last = lastSaid.get(pool);
      resolve(last && performance.now() - last.at < BELIEVED_FOR_MS ? last.said : AWAY);
    }, ANSWERS_WITHIN_MS);
  });
  const asked = pool.query(READ_ONLY).then(
    ({ rows }) => ({ readable: true, writable: rows[0]?.read_only === 'off' }),
    () => AWAY,
  );
  void asked.then((said) => lastSaid.set(pool, { at: performance.now(), said }));
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

// Named like the statements of operations: what a pooler refuses for them, it refuses here too.
const READ_ONLY = {
  name: 'is-read-only',
  text: `SELECT current_setting('transaction_read_only') AS read_only`,
};
