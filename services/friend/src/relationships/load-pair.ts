import type { SqlConnection } from '@kith/event-delivery';
import type { FriendRequest, Person, RelationshipState, RequestStatus, Side } from '../domain/relationship-state.ts';
import type { KnownPeople, ListFigures, Pair } from './load-relationships.ts';

/** Which two people: by their ids, or as the viewer of a request and whoever else it is about. */
export type WhichPair = Pair | { readonly viewerId: string; readonly requestId: string };

/** What a command about two people decides by, as it was at one moment, and nothing locked. */
export interface LoadedPair extends KnownPeople {
  readonly pair: Pair;
  /** undefined: one of the two is not known here. */
  readonly state: RelationshipState | undefined;
  /** The request that was asked for. */
  readonly request: FriendRequest | undefined;
}

// One statement, so one snapshot. A row for each of the two; what stands between them is in the viewer's. In a pair of
// one and the same person the rows are two all the same.
const LOAD = `
  WITH pair AS (
    SELECT $1::uuid AS viewer, coalesce($2::uuid, (
      SELECT CASE $1::uuid WHEN from_id THEN to_id WHEN to_id THEN from_id END
      FROM friend_request WHERE id = $3::uuid)) AS other)
  SELECT
    viewer = person AS is_viewer, other AS other_id,
    list.owner_id AS user_id, profile.nickname, profile.avatar_url, profile.friend_policy,
    list.revision, list.hidden_changes, list.friend_count, list.request_count,
    friend.remark, friend.pinned, friend.tags, friend.since,
    EXISTS (SELECT FROM block WHERE block.owner_id = person AND block.blocked_id = facing) AS blocks,
    to_json(open) AS open_request, to_json(named) AS named_request,
    (SELECT max(closed_at) FROM friend_request
     WHERE viewer = person AND from_id = person AND to_id = facing AND status = 'DECLINED') AS declined_at
  FROM pair CROSS JOIN LATERAL (VALUES (viewer, other), (other, viewer)) AS side (person, facing)
  LEFT JOIN profile ON profile.user_id = person AND NOT profile.deleted
  LEFT JOIN friend_list AS list ON list.owner_id = profile.user_id
  LEFT JOIN friend ON friend.owner_id = person AND friend.friend_id = facing
  LEFT JOIN friend_request AS open ON open.status = 'OPEN'
    AND least(open.from_id, open.to_id) = least(person, facing)
    AND greatest(open.from_id, open.to_id) = greatest(person, facing)
  LEFT JOIN friend_request AS named ON named.id = $3::uuid`;

/** undefined: there is no such request, or it is none of the viewer's. */
export async function loadPair(sql: SqlConnection, which: WhichPair): Promise<LoadedPair | undefined> {
  const byRequest = 'requestId' in which;
  const { rows } = await sql.query(LOAD, [
    which.viewerId,
    byRequest ? null : which.otherId,
    byRequest ? which.requestId : null,
  ]);
  const [one, two] = rows as unknown as [SideRow, SideRow];
  if (!one.other_id) return undefined;
  const pair = { viewerId: which.viewerId, otherId: one.other_id };
  const [viewers, others] = one.is_viewer ? [one, two] : [two, one];
  const known = [viewers, others].filter(isKnown);
  return {
    pair,
    people: new Map(known.map((row) => [row.user_id, personOf(row)])),
    lists: new Map(known.map((row) => [row.user_id, figuresOf(row)])),
    request: viewers.named_request ? requestOf(viewers.named_request) : undefined,
    state:
      isKnown(viewers) && isKnown(others)
        ? {
            viewer: sideOf(viewers),
            other: sideOf(others),
            openRequest: viewers.open_request && requestOf(viewers.open_request),
            declinedAt: viewers.declined_at,
          }
        : undefined,
  };
}

interface SideRow {
  readonly is_viewer: boolean;
  readonly other_id: string | null;
  readonly user_id: string | null;
  readonly nickname: string;
  readonly avatar_url: string | null;
  readonly friend_policy: Person['friendPolicy'];
  readonly revision: string;
  readonly hidden_changes: string;
  readonly friend_count: number;
  readonly request_count: number;
  readonly remark: string | null;
  readonly pinned: boolean | null;
  readonly tags: string[] | null;
  readonly since: Date | null;
  readonly blocks: boolean;
  readonly open_request: RequestRow | null;
  readonly named_request: RequestRow | null;
  readonly declined_at: Date | null;
}

type KnownRow = SideRow & { readonly user_id: string };

interface RequestRow {
  readonly id: string;
  readonly from_id: string;
  readonly to_id: string;
  readonly message: string | null;
  readonly remark: string | null;
  readonly sent_at: string;
  readonly status: RequestStatus;
  readonly closed_at: string | null;
}

function isKnown(row: SideRow): row is KnownRow {
  return row.user_id !== null;
}

function personOf(row: KnownRow): Person {
  return {
    userId: row.user_id,
    nickname: row.nickname,
    avatarUrl: row.avatar_url,
    friendPolicy: row.friend_policy,
  };
}

function figuresOf(row: KnownRow): ListFigures {
  return {
    revision: Number(row.revision),
    hiddenChanges: Number(row.hidden_changes),
    friendCount: row.friend_count,
    requestCount: row.request_count,
  };
}

function sideOf(row: KnownRow): Side {
  const { remark, pinned, tags, since } = row;
  return {
    person: personOf(row),
    friend: since && { remark, pinned: pinned!, tags: tags!, since },
    blocks: row.blocks,
    friendCount: row.friend_count,
    requestCount: row.request_count,
  };
}

function requestOf(row: RequestRow): FriendRequest {
  return {
    id: row.id,
    fromId: row.from_id,
    toId: row.to_id,
    message: row.message,
    remark: row.remark,
    sentAt: new Date(row.sent_at),
    status: row.status,
    closedAt: row.closed_at === null ? null : new Date(row.closed_at),
  };
}
