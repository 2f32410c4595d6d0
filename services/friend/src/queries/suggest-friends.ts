import type { UserAnswer } from '@kith/event-contracts';
import type pg from 'pg';
import { userAnswer } from '../lists/list-change.ts';

export interface FriendSuggestion {
  readonly user: UserAnswer;
  readonly mutualFriendCount: number;
}

/**
 * Friends of friends, by how many friends lead to them. Somebody with a list of 5,000 would have us walk 25 million
 * rows: candidates are sought among the newest friendships, at most this many, and as many of each of those; how many
 * friends the two have in common is then counted in full.
 */
const FRIENDS_LOOKED_AT = 1_000;

// CLOSED people cannot be befriended, so they are no suggestion; it also means that being left out does not tell the
// viewer of a block.
const SUGGEST = `
  WITH mine AS MATERIALIZED (SELECT friend_id, since FROM friend WHERE owner_id = $1),
  candidates AS (
    SELECT theirs.friend_id AS user_id, count(*) AS met
    FROM (SELECT friend_id FROM mine ORDER BY since DESC, friend_id LIMIT ${FRIENDS_LOOKED_AT}) AS looked_at
    CROSS JOIN LATERAL (SELECT friend_id FROM friend WHERE owner_id = looked_at.friend_id LIMIT ${FRIENDS_LOOKED_AT}) AS theirs
    GROUP BY theirs.friend_id),
  best AS (
    SELECT user_id, nickname, avatar_url, met FROM candidates JOIN profile USING (user_id)
    WHERE user_id <> $1 AND friend_policy <> 'CLOSED' AND NOT deleted
      AND NOT EXISTS (SELECT FROM mine WHERE friend_id = user_id)
      AND NOT EXISTS (SELECT FROM block WHERE owner_id = $1 AND blocked_id = user_id)
      AND NOT EXISTS (SELECT FROM block WHERE owner_id = user_id AND blocked_id = $1)
      AND NOT EXISTS (
        SELECT FROM friend_request WHERE status = 'OPEN'
          AND least(from_id, to_id) = least($1, user_id) AND greatest(from_id, to_id) = greatest($1, user_id))
    ORDER BY met DESC, user_id LIMIT $2)
  SELECT user_id, nickname, avatar_url, (
    SELECT count(*)::int FROM friend AS theirs WHERE theirs.owner_id = best.user_id
      AND EXISTS (SELECT FROM mine WHERE mine.friend_id = theirs.friend_id)) AS in_common
  FROM best ORDER BY in_common DESC, user_id`;

/** People the viewer may know, most friends in common first: nobody they are related to already. One statement. */
export async function suggestFriends(pool: pg.Pool, viewerId: string, first: number): Promise<FriendSuggestion[]> {
  const { rows } = await pool.query<SuggestionRow>({
    name: 'suggest-friends',
    text: SUGGEST,
    values: [viewerId, first],
  });
  return rows.map((row) => ({
    user: userAnswer({ userId: row.user_id, nickname: row.nickname, avatarUrl: row.avatar_url }),
    mutualFriendCount: row.in_common,
  }));
}

interface SuggestionRow {
  user_id: string;
  nickname: string;
  avatar_url: string | null;
  in_common: number;
}
