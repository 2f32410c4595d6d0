import type pg from 'pg';
import { inTransaction } from '../relationships/in-transaction.ts';
import { copyProfile } from './copy-profile.ts';
import type { UserService } from './user-service.ts';

const UNKNOWN = `
  SELECT wanted.user_id FROM unnest($1::uuid[]) AS wanted (user_id)
  LEFT JOIN profile USING (user_id) WHERE profile.user_id IS NULL`;

/**
 * Read-through: fetches the profiles that no event has brought yet (somebody signed up a moment ago) from the user
 * service, and keeps them under their version: the event that comes later changes nothing. Ids of nobody, and of
 * accounts that are gone, are left unknown.
 */
export async function learnProfiles(
  pool: pg.Pool,
  users: UserService,
  userIds: readonly string[],
  context: () => { now: Date; newId: () => string },
): Promise<void> {
  const { rows } = await pool.query<{ user_id: string }>(UNKNOWN, [userIds]);
  if (rows.length === 0) return;
  const found = await users.profiles(rows.map((row) => row.user_id));
  const profiles = found.filter(({ deleted }) => !deleted);
  await inTransaction(pool, async (sql) => {
    // In the order of ids, so that two of these at once cannot deadlock.
    for (const profile of profiles.toSorted((a, b) => (a.userId < b.userId ? -1 : 1))) {
      await copyProfile(sql, profile, context());
    }
  });
}
