import pg from 'pg';

/** A pool that is closed in the end, and that does not mind when Postgres goes before its idle connections do. */
export function openPool(started: AsyncDisposableStack, connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max });
  pool.on('error', () => {});
  started.defer(() => pool.end());
  return pool;
}
