import type { SqlConnection } from '@kith/event-delivery';
import { invariant } from '@kith/service-kit';
import type { RelationshipEvent } from '../domain/relationship-events.ts';
import type { FriendDetails, FriendRequest } from '../domain/relationship-state.ts';
import {
  FIGURE_COLUMNS,
  FIGURE_DEFINITIONS,
  figureColumnsOf,
  figureRowOf,
  type ListFigures,
} from '../rows/friend-list-row.ts';
import { REQUEST_COLUMNS, REQUEST_DEFINITIONS, requestRowOf } from '../rows/friend-request-row.ts';
import { DETAIL_COLUMNS, DETAIL_DEFINITIONS, SET_CHANGEABLE } from '../rows/friend-row.ts';

// Everything a batch of commands changed, in one statement. A sub-statement with an empty array does nothing.
const SAVE = `
  WITH lists_moved AS (
    UPDATE friend_list SET (${FIGURE_COLUMNS}) = ROW (${figureColumnsOf('moved')})
    FROM jsonb_to_recordset($1) AS moved (owner_id uuid, ${FIGURE_DEFINITIONS})
    WHERE friend_list.owner_id = moved.owner_id),
  friends_gone AS (
    DELETE FROM friend USING jsonb_to_recordset($2) AS gone (owner_id uuid, friend_id uuid)
    WHERE friend.owner_id = gone.owner_id AND friend.friend_id = gone.friend_id),
  friends_kept AS (
    INSERT INTO friend (owner_id, friend_id, ${DETAIL_COLUMNS})
    SELECT owner_id, friend_id, ${DETAIL_COLUMNS}
    FROM jsonb_to_recordset($3) AS kept (owner_id uuid, friend_id uuid, ${DETAIL_DEFINITIONS})
    ON CONFLICT (owner_id, friend_id) DO UPDATE SET ${SET_CHANGEABLE}),
  requests_written AS (
    INSERT INTO friend_request (${REQUEST_COLUMNS})
    SELECT ${REQUEST_COLUMNS} FROM jsonb_to_recordset($4) AS written (${REQUEST_DEFINITIONS})
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, closed_at = excluded.closed_at),
  blocks_gone AS (
    DELETE FROM block USING jsonb_to_recordset($5) AS gone (owner_id uuid, blocked_id uuid)
    WHERE block.owner_id = gone.owner_id AND block.blocked_id = gone.blocked_id)
  INSERT INTO block (owner_id, blocked_id, since)
  SELECT owner_id, blocked_id, since FROM jsonb_to_recordset($6) AS kept (owner_id uuid, blocked_id uuid, since timestamptz)
  ON CONFLICT DO NOTHING`;

/**
 * What the aggregates' events changed, gathered so that the last word on each row is the one that is written: friends
 * and blocks by who has whom (`directed`), requests by their id.
 */
export interface RowChanges {
  readonly friends: Map<string, { ownerId: string; friendId: string; details: FriendDetails | null }>;
  readonly requests: Map<string, FriendRequest>;
  readonly blocks: Map<string, { ownerId: string; blockedId: string; since: Date | null }>;
  /** Two who had nothing to do with each other have now: a friendship, a request, or a block began. */
  newTie: boolean;
}

export function directed(fromId: string, toId: string): string {
  return `${fromId} ${toId}`;
}

export function rowChangesOf(events: readonly RelationshipEvent[]): RowChanges {
  const changes: RowChanges = { friends: new Map(), requests: new Map(), blocks: new Map(), newTie: false };
  for (const event of events) gather(event, changes);
  return changes;
}

function gather(event: RelationshipEvent, changes: RowChanges): void {
  const { friends, requests, blocks } = changes;
  const setFriend = (ownerId: string, friendId: string, details: FriendDetails | null) =>
    friends.set(directed(ownerId, friendId), { ownerId, friendId, details });
  switch (event.name) {
    case 'relationship.friendship-began':
    case 'relationship.friendship-ended': {
      const ended = event.name === 'relationship.friendship-ended';
      const [one, two, ...others] = [...event.sides];
      invariant(
        one !== undefined && two !== undefined && others.length === 0,
        'a friendship has exactly two sides (S11)',
        () => ({ event: event.name, sides: [...event.sides.keys()] }),
      );
      setFriend(one[0], two[0], ended ? null : one[1]);
      setFriend(two[0], one[0], ended ? null : two[1]);
      changes.newTie ||= !ended;
      break;
    }
    case 'relationship.details-changed':
      setFriend(event.ownerId, event.friendId, event.after);
      break;
    case 'relationship.request-sent':
    case 'relationship.request-closed':
      requests.set(event.request.id, event.request);
      changes.newTie ||= event.name === 'relationship.request-sent';
      break;
    case 'relationship.blocked':
    case 'relationship.unblocked': {
      const since = event.name === 'relationship.blocked' ? event.occurredAt : null;
      blocks.set(directed(event.byId, event.blockedId), { ownerId: event.byId, blockedId: event.blockedId, since });
      changes.newTie ||= since !== null;
      break;
    }
    default: {
      const unhandled: never = event;
      throw unhandled;
    }
  }
}

export async function saveRelationships(
  sql: SqlConnection,
  changes: RowChanges,
  lists: ReadonlyMap<string, ListFigures>,
): Promise<void> {
  const friends = [...changes.friends.values()];
  const blocks = [...changes.blocks.values()];
  await sql.query(SAVE, [
    JSON.stringify([...lists].map(([owner_id, list]) => ({ owner_id, ...figureRowOf(list) }))),
    JSON.stringify(
      friends
        .filter(({ details }) => !details)
        .map(({ ownerId, friendId }) => ({ owner_id: ownerId, friend_id: friendId })),
    ),
    JSON.stringify(
      friends.flatMap(({ ownerId, friendId, details }) =>
        details ? [{ owner_id: ownerId, friend_id: friendId, ...details }] : [],
      ),
    ),
    JSON.stringify([...changes.requests.values()].map(requestRowOf)),
    JSON.stringify(
      blocks
        .filter(({ since }) => !since)
        .map(({ ownerId, blockedId }) => ({ owner_id: ownerId, blocked_id: blockedId })),
    ),
    JSON.stringify(
      blocks.flatMap(({ ownerId, blockedId, since }) =>
        since ? [{ owner_id: ownerId, blocked_id: blockedId, since }] : [],
      ),
    ),
  ]);
}
