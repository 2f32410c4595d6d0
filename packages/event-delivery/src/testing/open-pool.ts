import pg from 'pg';

/** A pool that bears a server which ends first: even after `end()` its connections hear of that. */
export function openPool(options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(options);
  pool.on('error', () => undefined);
  return pool;
}
