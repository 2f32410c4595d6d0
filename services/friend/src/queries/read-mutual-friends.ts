import type { UserAnswer } from '@kith/event-contracts';
import type { Reads } from '@kith/service-kit';
import { z } from 'zod';
import { userAnswer } from '../lists/list-change.ts';
import { keyset, type Page, pageOf } from './keyset-cursor.ts';

const cursor = keyset('mutual', z.tuple([z.guid()]));

const MUTUAL = `
  SELECT user_id, nickname, avatar_url FROM friend AS mine
  JOIN friend AS theirs ON theirs.owner_id = $2 AND theirs.friend_id = mine.friend_id
  JOIN profile ON user_id = mine.friend_id
  WHERE mine.owner_id = $1 AND ($3::uuid IS NULL OR mine.friend_id > $3)
    AND NOT EXISTS (SELECT FROM block WHERE owner_id = $1 AND blocked_id = $2)
    AND NOT EXISTS (SELECT FROM block WHERE owner_id = $2 AND blocked_id = $1)
  ORDER BY mine.friend_id LIMIT $4`;

/**
 * Whom two people are both friends with, in the order in which they signed up; nobody, once one blocks the other, as with
 * somebody who has no friends. One statement.
 */
export async function readMutualFriends(
  reads: Reads,
  pair: { viewerId: string; otherId: string },
  page: { first: number; after: string | null | undefined },
): Promise<Page<UserAnswer>> {
  const after = cursor.read(page.after);
  const { rows } = await reads.query<{ user_id: string; nickname: string; avatar_url: string | null }>({
    name: 'mutual-friends',
    text: MUTUAL,
    values: [pair.viewerId, pair.otherId, after?.[0] ?? null, page.first + 1],
  });
  return pageOf(rows, { first: page.first, after }, (row) => ({
    cursor: cursor.write([row.user_id]),
    node: userAnswer({ userId: row.user_id, nickname: row.nickname, avatarUrl: row.avatar_url }),
  }));
}
