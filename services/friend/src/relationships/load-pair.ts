import type { SqlConnection } from '@kith/event-delivery';
import { invariant } from '@kith/service-kit';
import type { FriendRequest, Pair, RelationshipState, Side } from '../domain/relationship-state.ts';
import { FIGURE_COLUMNS, type FigureRow, figuresOf } from '../rows/friend-list-row.ts';
import { type FriendRequestRow, requestOf } from '../rows/friend-request-row.ts';
import { type DetailsRow, detailColumnsOf, detailsOf } from '../rows/friend-row.ts';
import { type ProfileRow, personOf } from '../rows/profile-row.ts';
import type { KnownPeople } from './load-relationships.ts';
import { assertPair } from './what-always-holds.ts';

/** Which two people: by their ids, or as the viewer of a request and the other person in it. */
export type WhichPair = Pair | { readonly viewerId: string; readonly requestId: string };

/** What a command about two people decides by, as it was at one moment, and nothing locked. */
export interface LoadedPair extends KnownPeople {
  readonly pair: Pair;
  /** undefined: one of the two is not known here. */
  readonly state: RelationshipState | undefined;
  /** The request that was asked for. */
  readonly request: FriendRequest | undefined;
}

// One statement, so one snapshot. A row for each of the two; what is between them is in the viewer's. In a pair of
// one and the same person there are still two rows.
const LOAD = `
  WITH pair AS (
    SELECT $1::uuid AS viewer, coalesce($2::uuid, (
      SELECT CASE $1::uuid WHEN from_id THEN to_id WHEN to_id THEN from_id END
      FROM friend_request WHERE id = $3::uuid)) AS other)
  SELECT
    viewer = person AS is_viewer, other AS other_id,
    list.owner_id AS user_id, nickname, avatar_url, friend_policy, ${FIGURE_COLUMNS}, ${detailColumnsOf('friend')},
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
  const { rows } = await sql.query<SideRow>(LOAD, [
    which.viewerId,
    byRequest ? null : which.otherId,
    byRequest ? which.requestId : null,
  ]);
  const [one, two] = rows;
  invariant(
    one !== undefined && two !== undefined && rows.length === 2,
    'a pair is two lists, with at most one open request between them (S1)',
    () => ({ ...which, rows: rows.length }),
  );
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
        ? assertPair(
            {
              viewer: sideOf(viewers),
              other: sideOf(others),
              openRequest: viewers.open_request && requestOf(viewers.open_request),
              declinedAt: viewers.declined_at,
            },
            pair,
          )
        : undefined,
  };
}

/** `user_id` is null for whoever is not known here; then nothing else of the person is to be read. */
type SideRow = ProfileRow &
  FigureRow &
  DetailsRow & {
    readonly is_viewer: boolean;
    readonly other_id: string | null;
    readonly blocks: boolean;
    readonly open_request: FriendRequestRow | null;
    readonly named_request: FriendRequestRow | null;
    readonly declined_at: Date | null;
  };

function isKnown(row: SideRow): boolean {
  return row.user_id !== null;
}

function sideOf(row: SideRow): Side {
  const { friendCount, requestCount } = figuresOf(row);
  return { person: personOf(row), friend: detailsOf(row), blocks: row.blocks, friendCount, requestCount };
}
