import { poolOfServers } from '@kith/event-delivery';
import pg from 'pg';

/**
 * A service's database, read past the service: of several servers, the one that the address asks for. Tests restart the
 * server on purpose: a connection that breaks is no error.
 */
export function openDatabase(connectionString: string, max = 2): pg.Pool {
  const pool = new pg.Pool({ ...poolOfServers(connectionString), max });
  pool.on('error', () => undefined);
  return pool;
}
