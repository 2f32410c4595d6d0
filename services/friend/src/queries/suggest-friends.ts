import type { UserAnswer } from '@kith/event-contracts';
import type { Reads } from '@kith/service-kit';
import { userAnswer } from '../lists/list-change.ts';

export interface FriendSuggestion {
  readonly user: UserAnswer;
  readonly mutualFriendCount: number;
}

/**
 * The sample, whose rule and error stand in docs/decisions/0047: at most so many friends are looked at, drawn by a hash
 * that differs from viewer to viewer, and at most so many entries of their lists in all, divided evenly. Who has fewer
 * friends, with shorter lists, is answered exactly.
 */
export const SAMPLE = { friends: 200, entries: 30_000 } as const;

/** The milliseconds that a UUID of version 7 begins with (RFC 9562, 5.7); of any other id, its first 48 bits. */
const millisecondsOf = (id: string) => `('x' || substr(replace((${id})::text, '-', ''), 1, 12))::bit(48)::bigint`;

/** A number from 0 up to 1 that differs from viewer to viewer, and from friend to friend. */
const FRACTION = `(uuid_hash_extended(friend_id, uuid_hash_extended($1::uuid, 1)) & 2147483647) / 2147483648.0::float8`;

/** With each friend a moment between the first sign-up and the last, written as an id of that moment. */
const LOOKED_AT = `
  SELECT friend_id, (
    lpad(to_hex(first_ms + ((last_ms - first_ms) * (${FRACTION}))::bigint), 12, '0') || '70008000000000000000')::uuid AS start
  FROM drawn CROSS JOIN (
    SELECT ${millisecondsOf('SELECT user_id FROM profile ORDER BY user_id LIMIT 1')} AS first_ms,
      ${millisecondsOf('SELECT user_id FROM profile ORDER BY user_id DESC LIMIT 1')} AS last_ms) AS sign_ups`;

// Each list is read in the order of its index, which is that of sign-ups, from a random moment on, and round again from
// its beginning: so that any part of a long list is met.
const THEIRS = `
  SELECT friend_id FROM (
    (SELECT friend_id FROM friend WHERE owner_id = looked_at.friend_id AND friend_id >= looked_at.start
     ORDER BY friend_id LIMIT (SELECT entries_each FROM share))
    UNION ALL
    (SELECT friend_id FROM friend WHERE owner_id = looked_at.friend_id AND friend_id < looked_at.start
     ORDER BY friend_id LIMIT (SELECT entries_each FROM share))) AS round
  LIMIT (SELECT entries_each FROM share)`;

// NOT IN, and FILTER: each is one hash table for all candidates, whatever Postgres takes their number for.
// Whoever is left out is replaced by the next best: the candidates are gone through in order, by lateral joins, which
// Postgres ends as soon as there are enough. CLOSED people cannot be befriended, so they are no suggestion; it also means
// that being left out does not tell the viewer of a block.
const SUGGEST = `
  WITH mine AS MATERIALIZED (SELECT friend_id FROM friend WHERE owner_id = $1),
  blocked AS MATERIALIZED (SELECT blocked_id FROM block WHERE owner_id = $1),
  drawn AS MATERIALIZED (
    SELECT friend_id FROM mine ORDER BY uuid_hash_extended(friend_id, uuid_hash_extended($1::uuid, 0)), friend_id
    LIMIT ${SAMPLE.friends}),
  share AS MATERIALIZED (SELECT ${SAMPLE.entries} / greatest(count(*), 1) AS entries_each FROM drawn),
  looked_at AS MATERIALIZED (${LOOKED_AT}),
  candidates AS MATERIALIZED (
    SELECT theirs.friend_id AS user_id, count(*) AS met
    FROM looked_at CROSS JOIN LATERAL (${THEIRS}) AS theirs
    WHERE theirs.friend_id <> $1
    GROUP BY theirs.friend_id),
  best AS MATERIALIZED (
    SELECT ranked.user_id, nickname, avatar_url FROM (
      SELECT user_id, met FROM candidates
      WHERE user_id NOT IN (SELECT friend_id FROM mine) AND user_id NOT IN (SELECT blocked_id FROM blocked)
      ORDER BY met DESC, user_id OFFSET 0) AS ranked
    CROSS JOIN LATERAL (
      SELECT nickname, avatar_url FROM profile
      WHERE profile.user_id = ranked.user_id AND friend_policy <> 'CLOSED' AND NOT deleted
        AND NOT EXISTS (SELECT FROM block WHERE owner_id = ranked.user_id AND blocked_id = $1)
        AND NOT EXISTS (
          SELECT FROM friend_request WHERE status = 'OPEN'
            AND least(from_id, to_id) = least($1, ranked.user_id)
            AND greatest(from_id, to_id) = greatest($1, ranked.user_id))
      LIMIT 1) AS person
    LIMIT $2)
  SELECT user_id, nickname, avatar_url, in_common
  FROM best CROSS JOIN LATERAL (
    SELECT (count(*) FILTER (WHERE friend_id IN (SELECT friend_id FROM mine)))::int AS in_common
    FROM friend WHERE owner_id = best.user_id) AS counted
  ORDER BY in_common DESC, user_id`;

/**
 * Friend-of-friend recommendation: people the viewer may know, most friends in common first, nobody they are related to
 * already. Candidates are ranked by a bounded sample; how many friends they have in common is counted in full. One
 * statement, whose cost is bounded whoever asks.
 */
export async function suggestFriends(reads: Reads, viewerId: string, first: number): Promise<FriendSuggestion[]> {
  const { rows } = await reads.query<SuggestionRow>({
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
