import type pg from 'pg';

const known = new WeakMap<object, boolean>();

/**
 * Pooler detection: whether a connection is a session of Postgres, or a connection to a pooler (PgBouncer, Odyssey, RDS
 * Proxy) that lends it another session for each transaction. A pooler invents the process id that it reports to its
 * client, because it has no session for it yet; Postgres reports that of `pg_backend_pid()`. A session pooler is
 * treated like a transaction pooler.
 */
export async function hasItsOwnSession(client: pg.ClientBase): Promise<boolean> {
  const before = known.get(client);
  if (before !== undefined) return before;
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return isSession(client, rows[0]?.pid);
}

/** The same for a connection whose `pg_backend_pid()` is known; remembered as long as the connection lives. */
export function isSession(client: pg.ClientBase, backendPid: number | undefined): boolean {
  const own = processIdOf(client) === backendPid;
  known.set(client, own);
  return own;
}

/** The process id that the server or pooler reported at the start. Not in the types. */
export function processIdOf(client: pg.ClientBase): number | null {
  return (client as unknown as { processID: number | null }).processID;
}
