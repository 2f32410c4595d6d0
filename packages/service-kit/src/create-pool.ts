import pg from 'pg';
import type { Logger } from 'pino';

/**
 * A pool of Postgres connections. A connection that breaks while idle is logged and replaced: without a listener it
 * would end the process. `max` is the number of connections (10 unless told otherwise). Every session speaks UTC,
 * whatever zone the server, the role, the address or the process has: Prisma writes and reads instants without a zone.
 */
export function createPool(options: { url: string; name: string; log: Logger; max?: number }): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.name,
    max: options.max ?? 10,
    connectionTimeoutMillis: 3_000,
    // A statement and no startup parameter: a pooler refuses unknown ones, but carries this from session to session.
    onConnect: (client) => client.query("SET TIME ZONE 'UTC'"),
  });
  pool.on('error', (err) => options.log.warn({ err }, 'an idle database connection broke'));
  return pool;
}

/** Whether the database answers, for `/ready`. */
export async function answers(pool: pg.Pool): Promise<boolean> {
  return pool.query('select 1').then(
    () => true,
    () => false,
  );
}
