import type { SqlConnection } from '@kith/event-delivery';
import type { FriendDetails, FriendRequest, Person, RelationshipState, Side } from '../domain/relationship-state.ts';

/** The two people of one command: the viewer first. */
export interface Pair {
  readonly viewerId: string;
  readonly otherId: string;
}

/** What stands in the row of a person's list. */
export interface ListFigures {
  readonly revision: number;
  /** Rises with what commands decide by and no list shows. With the revision it tells whether a list was touched. */
  readonly hiddenChanges: number;
  readonly friendCount: number;
  readonly requestCount: number;
}

/** People who are known here, and their lists. */
export interface KnownPeople {
  readonly people: ReadonlyMap<string, Person>;
  readonly lists: ReadonlyMap<string, ListFigures>;
}

// Profiles before lists, and both in the order of ids, here and in copy-profile.ts: whoever takes them in one order
// cannot deadlock. The share lock keeps a profile from changing between the copy in our events and our commit; the
// locked rows are the newest, however old the statement's snapshot is.
const LOCK = `
  WITH people AS MATERIALIZED (
    SELECT user_id, nickname, avatar_url, friend_policy FROM profile
    WHERE user_id = ANY($1::uuid[]) AND NOT deleted ORDER BY user_id FOR SHARE),
  lists AS MATERIALIZED (
    SELECT owner_id, revision, hidden_changes, friend_count, request_count FROM friend_list
    WHERE owner_id = ANY($1::uuid[]) AND (SELECT count(*) FROM people) >= 0 ORDER BY owner_id FOR UPDATE)
  SELECT user_id, nickname, avatar_url, friend_policy, revision, hidden_changes, friend_count, request_count
  FROM people JOIN lists ON owner_id = user_id`;

/** Waits for whoever changes a list of theirs at this moment. People who are not known here are left out. */
export async function lockPeople(sql: SqlConnection, userIds: readonly string[]): Promise<KnownPeople> {
  const { rows } = await sql.query(LOCK, [[...new Set(userIds)]]);
  const people = new Map<string, Person>();
  const lists = new Map<string, ListFigures>();
  for (const row of rows as unknown as LockedRow[]) {
    people.set(row.user_id, {
      userId: row.user_id,
      nickname: row.nickname,
      avatarUrl: row.avatar_url,
      friendPolicy: row.friend_policy,
    });
    lists.set(row.user_id, {
      revision: Number(row.revision),
      hiddenChanges: Number(row.hidden_changes),
      friendCount: row.friend_count,
      requestCount: row.request_count,
    });
  }
  return { people, lists };
}

interface LockedRow {
  user_id: string;
  nickname: string;
  avatar_url: string | null;
  friend_policy: Person['friendPolicy'];
  revision: string;
  hidden_changes: string;
  friend_count: number;
  request_count: number;
}

const LOAD = `
  SELECT
    viewers.remark AS viewers_remark, viewers.pinned AS viewers_pinned, viewers.tags AS viewers_tags, viewers.since,
    others.remark AS others_remark, others.pinned AS others_pinned, others.tags AS others_tags,
    EXISTS (SELECT FROM block WHERE owner_id = viewer AND blocked_id = other) AS viewer_blocks,
    EXISTS (SELECT FROM block WHERE owner_id = other AND blocked_id = viewer) AS other_blocks,
    request.id AS request_id, request.from_id, request.to_id, request.message, request.remark AS request_remark,
    request.sent_at,
    (SELECT max(closed_at) FROM friend_request
     WHERE from_id = viewer AND to_id = other AND status = 'DECLINED') AS declined_at
  FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS pair (viewer, other, place)
  LEFT JOIN friend AS viewers ON viewers.owner_id = viewer AND viewers.friend_id = other
  LEFT JOIN friend AS others ON others.owner_id = other AND others.friend_id = viewer
  LEFT JOIN friend_request AS request ON request.status = 'OPEN'
    AND least(request.from_id, request.to_id) = least(viewer, other)
    AND greatest(request.from_id, request.to_id) = greatest(viewer, other)
  ORDER BY place`;

/** What stands between the two of each pair, in the order of `pairs`. Their people must be locked. */
export async function loadRelationships(
  sql: SqlConnection,
  pairs: readonly Pair[],
  { people, lists }: KnownPeople,
): Promise<RelationshipState[]> {
  const { rows } = await sql.query(LOAD, [pairs.map((pair) => pair.viewerId), pairs.map((pair) => pair.otherId)]);
  return (rows as unknown as LoadedRow[]).map((row, at) => {
    const { viewerId, otherId } = pairs[at]!;
    const side = (userId: string, friend: FriendDetails | null, blocks: boolean): Side => {
      const { friendCount, requestCount } = lists.get(userId)!;
      return { person: people.get(userId)!, friend, blocks, friendCount, requestCount };
    };
    return {
      viewer: side(viewerId, details(row, row.viewers_remark, row.viewers_pinned, row.viewers_tags), row.viewer_blocks),
      other: side(otherId, details(row, row.others_remark, row.others_pinned, row.others_tags), row.other_blocks),
      openRequest: openRequest(row),
      declinedAt: row.declined_at,
    };
  });
}

interface LoadedRow {
  viewers_remark: string | null;
  viewers_pinned: boolean | null;
  viewers_tags: string[] | null;
  others_remark: string | null;
  others_pinned: boolean | null;
  others_tags: string[] | null;
  since: Date | null;
  viewer_blocks: boolean;
  other_blocks: boolean;
  request_id: string | null;
  from_id: string;
  to_id: string;
  message: string | null;
  request_remark: string | null;
  sent_at: Date;
  declined_at: Date | null;
}

function details(row: LoadedRow, remark: string | null, pinned: boolean | null, tags: string[] | null) {
  return row.since && tags ? { remark, pinned: pinned ?? false, tags, since: row.since } : null;
}

function openRequest(row: LoadedRow): FriendRequest | null {
  if (!row.request_id) return null;
  return {
    id: row.request_id,
    fromId: row.from_id,
    toId: row.to_id,
    message: row.message,
    remark: row.request_remark,
    sentAt: row.sent_at,
    status: 'OPEN',
    closedAt: null,
  };
}

const FIND_REQUEST = `
  SELECT id, from_id, to_id, message, remark, sent_at, status, closed_at FROM friend_request WHERE id = $1`;

/** Any request, open or closed; undefined when there is none with this id. */
export async function findRequest(sql: SqlConnection, requestId: string): Promise<FriendRequest | undefined> {
  const { rows } = await sql.query(FIND_REQUEST, [requestId]);
  const row = rows[0] as
    | {
        id: string;
        from_id: string;
        to_id: string;
        message: string | null;
        remark: string | null;
        sent_at: Date;
        status: FriendRequest['status'];
        closed_at: Date | null;
      }
    | undefined;
  if (!row) return undefined;
  return {
    id: row.id,
    fromId: row.from_id,
    toId: row.to_id,
    message: row.message,
    remark: row.remark,
    sentAt: row.sent_at,
    status: row.status,
    closedAt: row.closed_at,
  };
}
