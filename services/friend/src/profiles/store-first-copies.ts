import type { SqlConnection } from '@kith/event-delivery';
import type { Profile } from './store-profile.ts';

// Profiles before lists, in the order of ids. Whoever is known already stays as they are: a newer profile's event comes.
const FIRST_COPIES = `
  WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1) AS given (
      "userId" uuid, username text, nickname text, "avatarUrl" text, "friendPolicy" text, version int)
    ORDER BY "userId"),
  lists AS (INSERT INTO friend_list (owner_id) SELECT "userId" FROM given ON CONFLICT DO NOTHING)
  INSERT INTO profile (user_id, username, nickname, avatar_url, friend_policy, version)
  SELECT "userId", username, nickname, "avatarUrl", "friendPolicy", version FROM given ON CONFLICT DO NOTHING`;

/** The first copies of many people, with their lists, in one statement. */
export async function storeFirstCopies(sql: SqlConnection, profiles: readonly Profile[]): Promise<void> {
  await sql.query(FIRST_COPIES, [JSON.stringify(profiles)]);
}
