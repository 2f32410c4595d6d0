import type { SqlConnection } from '@kith/event-delivery';
import { invariant, present } from '@kith/service-kit';
import type {
  FriendDetails,
  FriendRequest,
  Pair,
  Person,
  RelationshipState,
  Side,
} from '../domain/relationship-state.ts';
import { FIGURE_COLUMNS, type FigureRow, figuresOf, type ListFigures } from '../rows/friend-list-row.ts';
import { type FriendRequestRow, REQUEST_COLUMNS, requestOf } from '../rows/friend-request-row.ts';
import { detailColumnsOf, detailsOf } from '../rows/friend-row.ts';
import { PROFILE_COLUMNS, type ProfileRow, personOf } from '../rows/profile-row.ts';
import { assertPair } from './what-always-holds.ts';

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
    SELECT ${PROFILE_COLUMNS} FROM profile
    WHERE user_id = ANY($1::uuid[]) AND NOT deleted ORDER BY user_id FOR SHARE),
  lists AS MATERIALIZED (
    SELECT owner_id, ${FIGURE_COLUMNS} FROM friend_list
    WHERE owner_id = ANY($1::uuid[]) AND (SELECT count(*) FROM people) >= 0 ORDER BY owner_id FOR UPDATE)
  SELECT ${PROFILE_COLUMNS}, ${FIGURE_COLUMNS} FROM people JOIN lists ON owner_id = user_id`;

/** Waits for commands that are changing one of their lists. People who are not known here are left out. */
export async function lockPeople(sql: SqlConnection, userIds: readonly string[]): Promise<KnownPeople> {
  const { rows } = await sql.query<LockedRow>(LOCK, [[...new Set(userIds)]]);
  const people = new Map<string, Person>();
  const lists = new Map<string, ListFigures>();
  for (const row of rows) {
    people.set(row.user_id, personOf(row));
    lists.set(row.user_id, figuresOf(row));
  }
  return { people, lists };
}

type LockedRow = ProfileRow & FigureRow;

const LOAD = `
  SELECT
    ${detailColumnsOf('viewers', 'viewers_')}, ${detailColumnsOf('others', 'others_')},
    EXISTS (SELECT FROM block WHERE owner_id = viewer AND blocked_id = other) AS viewer_blocks,
    EXISTS (SELECT FROM block WHERE owner_id = other AND blocked_id = viewer) AS other_blocks,
    to_json(request) AS open_request,
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
  const { rows } = await sql.query<LoadedRow>(LOAD, [
    pairs.map((pair) => pair.viewerId),
    pairs.map((pair) => pair.otherId),
  ]);
  invariant(
    rows.length === pairs.length,
    'a pair is two lists, with at most one open request between them (S1)',
    () => ({ pairs: pairs.length, rows: rows.length }),
  );
  const side = (userId: string, friend: FriendDetails | null, blocks: boolean): Side => {
    const { friendCount, requestCount } = present(lists.get(userId), 'the lists of a pair are locked');
    return {
      person: present(people.get(userId), 'the people of a pair are locked'),
      friend,
      blocks,
      friendCount,
      requestCount,
    };
  };
  return pairs.map((pair, at) => {
    const row = present(rows[at], 'every pair has its row (S1)');
    const state = {
      viewer: side(pair.viewerId, detailsOf(row, 'viewers_'), row.viewer_blocks),
      other: side(pair.otherId, detailsOf(row, 'others_'), row.other_blocks),
      openRequest: row.open_request && requestOf(row.open_request),
      declinedAt: row.declined_at,
    };
    return assertPair(state, pair);
  });
}

/** And what each keeps about the other, as `viewers_…` and `others_…`. */
interface LoadedRow {
  readonly viewer_blocks: boolean;
  readonly other_blocks: boolean;
  readonly open_request: FriendRequestRow | null;
  readonly declined_at: Date | null;
}

const FIND_REQUEST = `SELECT ${REQUEST_COLUMNS} FROM friend_request WHERE id = $1`;

/** Any request, open or closed; undefined when there is none with this id. */
export async function findRequest(sql: SqlConnection, requestId: string): Promise<FriendRequest | undefined> {
  const { rows } = await sql.query<FriendRequestRow>(FIND_REQUEST, [requestId]);
  return rows[0] && requestOf(rows[0]);
}
