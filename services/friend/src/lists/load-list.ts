import type { FriendData } from '@kith/event-contracts';
import type pg from 'pg';
import { inTransaction } from '../relationships/in-transaction.ts';
import type { ListState, StoredRequest } from '../view/list-state.ts';

const ONE_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

const REVISION = 'SELECT revision FROM friend_list WHERE owner_id = $1';

const FRIENDS = `
  SELECT friend_id, nickname, avatar_url, remark, pinned, tags, since
  FROM friend JOIN profile ON user_id = friend_id WHERE owner_id = $1`;

const REQUESTS = `
  SELECT id, from_id, to_id, message, sent_at FROM friend_request
  WHERE status = 'OPEN' AND (from_id = $1 OR to_id = $1)`;

/** A person's whole list at one revision: what the view is filled with. Revision 0 and nothing for nobody. */
export async function loadList(pool: pg.Pool, ownerId: string): Promise<ListState> {
  return inTransaction(
    pool,
    async (sql) => {
      const { rows: lists } = await sql.query(REVISION, [ownerId]);
      const { rows: friends } = await sql.query(FRIENDS, [ownerId]);
      const { rows: requests } = await sql.query(REQUESTS, [ownerId]);
      return {
        revision: Number(lists[0]?.revision ?? 0),
        friends: (friends as unknown as FriendRow[]).map(friendOf),
        requests: (requests as unknown as RequestRow[]).map(requestOf),
      };
    },
    ONE_SNAPSHOT,
  );
}

interface FriendRow {
  friend_id: string;
  nickname: string;
  avatar_url: string | null;
  remark: string | null;
  pinned: boolean;
  tags: string[];
  since: Date;
}

function friendOf(row: FriendRow): FriendData {
  return {
    userId: row.friend_id,
    nickname: row.nickname,
    avatarUrl: row.avatar_url,
    remark: row.remark,
    pinned: row.pinned,
    tags: row.tags,
    since: row.since.toISOString(),
  };
}

interface RequestRow {
  id: string;
  from_id: string;
  to_id: string;
  message: string | null;
  sent_at: Date;
}

function requestOf(row: RequestRow): StoredRequest {
  return { id: row.id, fromId: row.from_id, toId: row.to_id, message: row.message, sentAt: row.sent_at.toISOString() };
}
