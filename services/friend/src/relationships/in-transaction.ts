import { inTransaction as inOneTransaction, lostToOthers, type SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';

// Left to itself, Postgres takes a plan for arrays of unknown length to be dearer than a plan for these arrays, and so
// plans every statement at every call: that was more than half of a commit's CPU time.
const PLAN_ONCE = 'SET LOCAL plan_cache_mode = force_generic_plan';

const MAX_TRIES = 5;

/**
 * Runs `work` in one transaction on one connection: committed when it resolves, rolled back when it throws. Named
 * statements are prepared once a connection. No call over the network belongs into `work`. Once `signal` is aborted
 * nothing of it is committed any more.
 */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (sql: SqlConnection) => Promise<Result>,
  begin = 'BEGIN',
  signal?: AbortSignal,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inOneTransaction(pool, (client) => work(preparing(client)), `${begin}; ${PLAN_ONCE}`, signal);
    } catch (error) {
      if (attempt >= MAX_TRIES || !lostToOthers(error)) throw error;
    }
  }
}

/** The same text is the same prepared statement: parsed and planned once a connection. */
export function preparing(client: pg.Pool | pg.PoolClient): SqlConnection {
  return {
    query: (text, values) => client.query({ name: nameOf(text), text, values: values ?? [] }),
  };
}

const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (!name) {
    name = `s${names.size + 1}`;
    names.set(text, name);
  }
  return name;
}
