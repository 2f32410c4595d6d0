import type pg from 'pg';

const known = new WeakMap<object, boolean>();

/**
 * Pooler detection: whether a connection is a session of Postgres, or a connection to a pooler (PgBouncer, Odyssey, RDS
 * Proxy) that lends it another session for each transaction. A pooler invents the process id that it tells its client,
 * because it has no session for it yet; Postgres tells the one that `pg_backend_pid()` answers. A pooler that lends whole
 * sessions is taken for one of the other kind.
 */
export async function hasItsOwnSession(client: pg.ClientBase): Promise<boolean> {
  const before = known.get(client);
  if (before !== undefined) return before;
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return isSession(client, rows[0]?.pid);
}

/** The same, of a connection that has answered `pg_backend_pid()` already; remembered as long as it lives. */
export function isSession(client: pg.ClientBase, backendPid: number | undefined): boolean {
  const own = processIdOf(client) === backendPid;
  known.set(client, own);
  return own;
}

/** Of the process that serves the connection, as whoever accepted it says. A property that the types do not know. */
export function processIdOf(client: pg.ClientBase): number | null {
  return (client as unknown as { processID: number | null }).processID;
}
