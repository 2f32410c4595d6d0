import DataLoader from 'dataloader';
import type pg from 'pg';
import { readUsers } from './read-users.ts';
import type { UserRow } from './user-row.ts';

export type UserLoader = DataLoader<string, UserRow | null>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Data loader: one statement for all users that a request asks for at once; null for unknown and deleted ones. */
export function createUserLoader(pool: pg.Pool): UserLoader {
  return new DataLoader(async (ids) => {
    // A malformed id belongs to no user, and Postgres would refuse the whole batch because of it.
    const found = await readUsers(
      pool,
      ids.filter((id) => UUID.test(id)),
    );
    const byId = new Map(found.filter((user) => !user.deleted).map((user) => [user.id, user]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}
