import type { ProfileData } from '@kith/event-contracts';
import type { SqlConnection } from '@kith/event-delivery';

export interface Profile extends ProfileData {
  readonly userId: string;
  /** The revision of the event, or of the user service's row, that it was read from. */
  readonly version: number;
}

const LOCK_COPY = 'SELECT nickname, avatar_url, version, deleted FROM profile WHERE user_id = $1 FOR UPDATE';

// A person's list is made with the copy of their profile, so that everybody who is known here can be locked.
const FIRST_COPY = `
  WITH list AS (INSERT INTO friend_list (owner_id) VALUES ($1) ON CONFLICT DO NOTHING)
  INSERT INTO profile (user_id, username, nickname, avatar_url, friend_policy, version)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING user_id`;

const NEWER_COPY = `
  UPDATE profile SET username = $2, nickname = $3, avatar_url = $4, friend_policy = $5, version = $6
  WHERE user_id = $1`;

export type StoreOutcome =
  | { readonly stored: false }
  | { readonly stored: true; readonly before: { nickname: string; avatarUrl: string | null } | null };

/**
 * Last writer wins, by version: keeps the copy if it is newer than the one that is there; what is left of a deleted
 * account stays as it is. The profile's row stays locked until the commit.
 */
export async function storeProfile(sql: SqlConnection, profile: Profile): Promise<StoreOutcome> {
  const values = [
    profile.userId,
    profile.username,
    profile.nickname,
    profile.avatarUrl,
    profile.friendPolicy,
    profile.version,
  ];
  let before = await lockCopy(sql, profile.userId);
  if (!before) {
    const { rows } = await sql.query(FIRST_COPY, values);
    if (rows.length > 0) return { stored: true, before: null };
    // Somebody else brought it between the two statements; lists may show that one already.
    before = await lockCopy(sql, profile.userId);
  }
  if (!before || before.deleted || before.version >= profile.version) return { stored: false };
  await sql.query(NEWER_COPY, values);
  return { stored: true, before: { nickname: before.nickname, avatarUrl: before.avatar_url } };
}

async function lockCopy(sql: SqlConnection, userId: string): Promise<CopyRow | undefined> {
  const { rows } = await sql.query<CopyRow>(LOCK_COPY, [userId]);
  return rows[0];
}

interface CopyRow {
  nickname: string;
  avatar_url: string | null;
  version: number;
  deleted: boolean;
}
