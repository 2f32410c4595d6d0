import pg from 'pg';

/** A service's database, read past the service. Tests restart the server on purpose: a connection that breaks is no error. */
export function openDatabase(connectionString: string, max = 2): pg.Pool {
  const pool = new pg.Pool({ connectionString, max });
  pool.on('error', () => undefined);
  return pool;
}
