import DataLoader from 'dataloader';
import type pg from 'pg';
import { readUsers } from './read-users.ts';
import type { UserRow } from './user-row.ts';

export type UserLoader = DataLoader<string, UserRow | null>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Requests that ask for more read alone: nobody else waits for their users. */
const FEW = 50;
const MOST_AT_ONCE = 500;

/**
 * Data loaders, one for each request: one statement for all users that it asks for at once; null for unknown and deleted
 * ones. Requests that ask in the same turn of the event loop share a statement, and nothing else: what a request has not
 * asked for yet is read when it does.
 */
export function createUserLoaders(pool: pg.Pool): () => UserLoader {
  const together = new DataLoader<string, UserRow | null>((ids) => read(pool, ids), {
    cache: false,
    maxBatchSize: MOST_AT_ONCE,
    batchScheduleFn: setImmediate,
  });
  return () => new DataLoader((ids) => (ids.length <= FEW ? together.loadMany(ids) : read(pool, ids)));
}

async function read(pool: pg.Pool, ids: readonly string[]): Promise<(UserRow | null)[]> {
  // A malformed id belongs to no user, and Postgres would refuse the whole batch because of it.
  const known = [...new Set(ids.filter((id) => UUID.test(id)))];
  const found = await readUsers(pool, known);
  const byId = new Map(found.filter((user) => !user.deleted).map((user) => [user.id, user]));
  return ids.map((id) => byId.get(id) ?? null);
}
