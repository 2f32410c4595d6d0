import type { FriendRequestAnswer } from '@kith/event-contracts';
import { present, type Reads } from '@kith/service-kit';
import { z } from 'zod';
import { requestAnswer } from '../lists/list-change.ts';
import { keyset, type Page, pageOf } from './keyset-cursor.ts';

export interface FriendRequestPage extends Page<FriendRequestAnswer> {
  /** Of all open requests in this direction. */
  readonly totalCount: number;
}

const cursor = keyset('requests', z.tuple([z.guid()]));

// Newest first: ids are UUIDs of version 7, which rise with time. The count comes even when the page is empty.
const requests = (mine: 'to_id' | 'from_id') => `
  SELECT total::int, page.* FROM (SELECT count(*) AS total FROM friend_request WHERE ${mine} = $1 AND status = 'OPEN') AS counted
  LEFT JOIN (
    SELECT request.id, message, sent_at, from_id, sender.nickname AS from_nickname, sender.avatar_url AS from_avatar_url,
      to_id, receiver.nickname AS to_nickname, receiver.avatar_url AS to_avatar_url
    FROM friend_request AS request
    JOIN profile AS sender ON sender.user_id = from_id JOIN profile AS receiver ON receiver.user_id = to_id
    WHERE ${mine} = $1 AND status = 'OPEN' AND ($2::uuid IS NULL OR request.id < $2)
    ORDER BY request.id DESC LIMIT $3) AS page ON true
  ORDER BY page.id DESC`;

const INCOMING = requests('to_id');
const OUTGOING = requests('from_id');

/** A person's open requests in one direction, newest first; one statement. */
export async function readFriendRequests(
  reads: Reads,
  ownerId: string,
  page: { direction: 'INCOMING' | 'OUTGOING'; first: number; after: string | null | undefined },
): Promise<FriendRequestPage> {
  const after = cursor.read(page.after);
  const incoming = page.direction === 'INCOMING';
  const { rows } = await reads.query<RequestRow>({
    name: incoming ? 'incoming-requests' : 'outgoing-requests',
    text: incoming ? INCOMING : OUTGOING,
    values: [ownerId, after?.[0] ?? null, page.first + 1],
  });
  const found = rows.filter((row): row is FoundRequest => row.id !== null);
  return {
    totalCount: present(rows[0], 'a count comes even with an empty page').total,
    ...pageOf(found, { first: page.first, after }, (row) => ({ cursor: cursor.write([row.id]), node: answerOf(row) })),
  };
}

function answerOf(row: FoundRequest): FriendRequestAnswer {
  return requestAnswer({
    id: row.id,
    from: { userId: row.from_id, nickname: row.from_nickname, avatarUrl: row.from_avatar_url },
    to: { userId: row.to_id, nickname: row.to_nickname, avatarUrl: row.to_avatar_url },
    message: row.message,
    sentAt: row.sent_at.toISOString(),
  });
}

interface FoundRequest {
  total: number;
  id: string;
  message: string | null;
  sent_at: Date;
  from_id: string;
  from_nickname: string;
  from_avatar_url: string | null;
  to_id: string;
  to_nickname: string;
  to_avatar_url: string | null;
}

type RequestRow = FoundRequest | { total: number; id: null };
