import DataLoader from 'dataloader';
import type pg from 'pg';
import { readUsers } from './read-users.ts';
import type { UserRow } from './user-row.ts';

export type UserLoader = DataLoader<string, UserRow | null>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One statement for all the users that a request asks for at once; null for unknown and for deleted ones. */
export function createUserLoader(pool: pg.Pool): UserLoader {
  return new DataLoader(async (ids) => {
    // What is not an id belongs to nobody; Postgres would refuse the whole batch for it.
    const found = await readUsers(
      pool,
      ids.filter((id) => UUID.test(id)),
    );
    const byId = new Map(found.filter((user) => !user.deleted).map((user) => [user.id, user]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}
