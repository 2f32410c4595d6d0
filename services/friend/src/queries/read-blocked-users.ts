import type { UserAnswer } from '@kith/event-contracts';
import type { Reads } from '@kith/service-kit';
import { z } from 'zod';
import { userAnswer } from '../lists/list-change.ts';
import { keyset, type Page, pageOf } from './keyset-cursor.ts';

const cursor = keyset('blocked', z.tuple([z.iso.datetime(), z.guid()]));

const BLOCKED = `
  SELECT user_id, nickname, avatar_url, since FROM block JOIN profile ON user_id = blocked_id
  WHERE owner_id = $1 AND ($2::timestamptz IS NULL OR (since, blocked_id) < ($2, $3::uuid))
  ORDER BY since DESC, blocked_id DESC LIMIT $4`;

/** Whom a person blocks, the latest first; one statement. */
export async function readBlockedUsers(
  reads: Reads,
  ownerId: string,
  page: { first: number; after: string | null | undefined },
): Promise<Page<UserAnswer>> {
  const after = cursor.read(page.after);
  const { rows } = await reads.query<BlockedRow>({
    name: 'blocked-users',
    text: BLOCKED,
    values: [ownerId, after?.[0] ?? null, after?.[1] ?? null, page.first + 1],
  });
  return pageOf(rows, { first: page.first, after }, (row) => ({
    cursor: cursor.write([row.since.toISOString(), row.user_id]),
    node: userAnswer({ userId: row.user_id, nickname: row.nickname, avatarUrl: row.avatar_url }),
  }));
}

interface BlockedRow {
  user_id: string;
  nickname: string;
  avatar_url: string | null;
  since: Date;
}
