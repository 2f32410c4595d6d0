import pg from 'pg';

/** A pool that tolerates a server which ends first: its connections hear of that even after `end()`. */
export function openPool(options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(options);
  pool.on('error', () => undefined);
  return pool;
}
