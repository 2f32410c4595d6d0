import type { ProfileData } from '@kith/event-contracts';
import type { SqlConnection } from '@kith/event-delivery';

export interface Profile extends ProfileData {
  readonly userId: string;
  /** The revision of the event, or of the user service's row, that it was read from. */
  readonly version: number;
}

const LOCK_COPY = 'SELECT nickname, avatar_url FROM profile WHERE user_id = $1 FOR UPDATE';

// A person's list is born with the copy of their profile: whoever is known here can be locked. A copy that is as new,
// or newer, stays; so does what is left of a deleted account.
const STORE = `
  WITH list AS (INSERT INTO friend_list (owner_id) VALUES ($1) ON CONFLICT DO NOTHING)
  INSERT INTO profile AS copy (user_id, username, nickname, avatar_url, friend_policy, version)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (user_id) DO UPDATE SET username = excluded.username, nickname = excluded.nickname,
    avatar_url = excluded.avatar_url, friend_policy = excluded.friend_policy, version = excluded.version
  WHERE copy.version < excluded.version AND NOT copy.deleted
  RETURNING user_id`;

export type StoreOutcome =
  | { readonly stored: false }
  | { readonly stored: true; readonly before: { nickname: string; avatarUrl: string | null } | null };

/** Keeps the copy if it is newer than the one that is there. The profile's row stays locked until the commit. */
export async function storeProfile(sql: SqlConnection, profile: Profile): Promise<StoreOutcome> {
  const before = (await sql.query(LOCK_COPY, [profile.userId])).rows[0] as
    | { nickname: string; avatar_url: string | null }
    | undefined;
  const { rows } = await sql.query(STORE, [
    profile.userId,
    profile.username,
    profile.nickname,
    profile.avatarUrl,
    profile.friendPolicy,
    profile.version,
  ]);
  if (rows.length === 0) return { stored: false };
  return { stored: true, before: before ? { nickname: before.nickname, avatarUrl: before.avatar_url } : null };
}
