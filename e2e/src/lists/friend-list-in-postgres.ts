import { openDatabase } from '../databases/open-database.ts';
import type { ListedFriend } from '../people/friend-operations.ts';
import type { FriendListAsSeen } from './friend-list-as-seen.ts';

export interface StoredFriendList {
  readonly revision: number;
  readonly friends: ReadonlyMap<string, ListedFriend>;
  readonly requestIds: ReadonlySet<string>;
}

const FRIENDS = `
  SELECT friend_id, nickname, avatar_url, remark, pinned, tags, since
  FROM friend JOIN profile ON user_id = friend_id WHERE owner_id = $1`;

/** The friend service's database, read past the service. */
export function openFriendDatabase(url: string) {
  const pool = openDatabase(url, 4);
  return {
    query: (sql: string, values: unknown[] = []) => pool.query(sql, values),
    /** A list as its rows say; revision 0 and nothing for somebody without one. */
    async list(ownerId: string): Promise<StoredFriendList> {
      const lists = await pool.query('SELECT revision FROM friend_list WHERE owner_id = $1', [ownerId]);
      const friends = await pool.query(FRIENDS, [ownerId]);
      const requests = await pool.query(
        "SELECT id FROM friend_request WHERE status = 'OPEN' AND (from_id = $1 OR to_id = $1)",
        [ownerId],
      );
      return {
        revision: Number(lists.rows[0]?.revision ?? 0),
        friends: new Map(friends.rows.map((row) => [row.friend_id as string, friendOf(row)])),
        requestIds: new Set(requests.rows.map((row) => row.id as string)),
      };
    },
    close: () => pool.end(),
  };
}

export type FriendDatabase = ReturnType<typeof openFriendDatabase>;

// biome-ignore lint/suspicious/noExplicitAny: a row as pg gives it.
function friendOf(row: any): ListedFriend {
  return {
    remark: row.remark,
    displayName: row.remark ?? row.nickname,
    pinned: row.pinned,
    tags: row.tags,
    since: row.since.toISOString(),
    user: { id: row.friend_id, nickname: row.nickname, avatarUrl: row.avatar_url },
  };
}

/** What a subscriber's list and the stored one hold, in the same shape, to be compared with toEqual. */
export function contentsOf(list: StoredFriendList | FriendListAsSeen) {
  const requestIds = 'requestIds' in list ? list.requestIds : list.requests.keys();
  return {
    revision: list.revision,
    friends: [...list.friends.values()].toSorted((a, b) => (a.user.id < b.user.id ? -1 : 1)),
    requestIds: [...requestIds].toSorted(),
  };
}
