import { borrowSessions, isSession, nameNoStatements, poolOfServers, processIdOf } from '@kith/event-delivery';
import pg from 'pg';
import type { Logger } from 'pino';

export interface PoolOptions {
  readonly url: string;
  readonly name: string;
  readonly log: Pick<Logger, 'warn'>;
  /** How many connections (10 unless told otherwise). */
  readonly max?: number;
  /** How long a statement waits for a lock, and how long it may take: longer, and Postgres cancels it. */
  readonly lockWithinMs?: number;
  readonly statementWithinMs?: number;
  /** `auto` unless told: named on a session of our own, unnamed where a pooler lends one for each transaction. */
  readonly preparedStatements?: PreparedStatements;
}

/** Whether statements are prepared once under a name, and then only executed. */
export type PreparedStatements = 'on' | 'off' | 'auto';

/** A session that holds its locks and says nothing: Postgres ends it. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** A server that stays read-only is looked for again so often, and not at every statement that it refuses. */
const REPLACE_AT_MOST_EVERY_MS = 1_000;

/**
 * A pool of Postgres connections. One that breaks, idle or lent, is logged and replaced: each has a listener for its
 * whole life, without which its error would end the process. Those to a server that became read-only are replaced as
 * well, each when it is given back. Every session speaks UTC, whatever zone the server, the role, the address or the
 * process has: Prisma writes and reads instants without a zone.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const { log } = options;
  const pool = new pg.Pool({
    ...poolOfServers(options.url),
    application_name: options.name,
    max: options.max ?? 10,
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    // Statements and no startup parameters: a pooler refuses unknown ones, but carries these from session to session.
    onConnect: (client) => setUpSession(client as pg.PoolClient, options),
  });
  pool.on('error', (err) => log.warn({ err }, 'an idle database connection broke'));
  pool.on('connect', (client) => {
    // While it is idle the pool says it.
    client.on('error', () => undefined);
  });
  replaceWhenReadOnly(pool, log);
  return pool;
}

/**
 * With a statement, not in the message that opens the connection: poolers between us and Postgres refuse what they do
 * not know there. A pooler that lends sessions by the transaction would keep the settings with a session that others use
 * next: behind one they are local to each transaction, and to this very statement.
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
  // Before the pool has handed it to anybody.
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
    // A property that the types do not know. The protocol's own messages: whoever holds the connection, and whatever they do with the error.
    const { connection } = client as unknown as { connection?: NodeJS.EventEmitter };
    connection?.on('errorMessage', readOnly);
  });
  pool.on('release', (_error, client) => {
    // The pool takes back none that ends.
    if (openedIn.get(client) !== generation) client.end().catch(() => undefined);
  });
}

/** Readiness probe: whether the database answers, and takes changes, asked as operations ask. */
export async function postgresIn(pool: pg.Pool): Promise<{ readable: boolean; writable: boolean }> {
  return pool.query(READ_ONLY).then(
    ({ rows }) => ({ readable: true, writable: rows[0]?.read_only === 'off' }),
    () => ({ readable: false, writable: false }),
  );
}

// Named as those of operations are: what a pooler refuses them, it refuses this one.
const READ_ONLY = {
  name: 'is-read-only',
  text: `SELECT current_setting('transaction_read_only') AS read_only`,
};
