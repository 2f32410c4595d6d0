import type { SqlConnection } from '@kith/event-delivery';
import type { RelationshipEvent } from '../domain/relationship-events.ts';
import type { FriendDetails, FriendRequest } from '../domain/relationship-state.ts';
import type { ListFigures } from './load-relationships.ts';

// Everything a batch of commands changed, in one statement. A sub-statement with an empty array does nothing.
const SAVE = `
  WITH lists_moved AS (
    UPDATE friend_list SET revision = moved.revision, hidden_changes = moved.hidden_changes,
      friend_count = moved.friend_count, request_count = moved.request_count
    FROM jsonb_to_recordset($1)
      AS moved (owner_id uuid, revision bigint, hidden_changes bigint, friend_count int, request_count int)
    WHERE friend_list.owner_id = moved.owner_id),
  friends_gone AS (
    DELETE FROM friend USING jsonb_to_recordset($2) AS gone (owner_id uuid, friend_id uuid)
    WHERE friend.owner_id = gone.owner_id AND friend.friend_id = gone.friend_id),
  friends_kept AS (
    INSERT INTO friend (owner_id, friend_id, remark, pinned, tags, since)
    SELECT owner_id, friend_id, remark, pinned, ARRAY(SELECT jsonb_array_elements_text(tags)), since
    FROM jsonb_to_recordset($3)
      AS kept (owner_id uuid, friend_id uuid, remark text, pinned boolean, tags jsonb, since timestamptz)
    ON CONFLICT (owner_id, friend_id) DO UPDATE
    SET remark = excluded.remark, pinned = excluded.pinned, tags = excluded.tags),
  requests_written AS (
    INSERT INTO friend_request (id, from_id, to_id, message, remark, sent_at, status, closed_at)
    SELECT id, from_id, to_id, message, remark, sent_at, status, closed_at FROM jsonb_to_recordset($4)
      AS written (id uuid, from_id uuid, to_id uuid, message text, remark text, sent_at timestamptz, status text,
                  closed_at timestamptz)
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
      const [one, two] = [...event.sides.keys()] as [string, string];
      setFriend(one, two, ended ? null : event.sides.get(one)!);
      setFriend(two, one, ended ? null : event.sides.get(two)!);
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
    JSON.stringify(
      [...lists].map(([owner_id, list]) => ({
        owner_id,
        revision: list.revision,
        hidden_changes: list.hiddenChanges,
        friend_count: list.friendCount,
        request_count: list.requestCount,
      })),
    ),
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
    JSON.stringify(
      [...changes.requests.values()].map(({ id, fromId, toId, message, remark, sentAt, status, closedAt }) => ({
        id,
        from_id: fromId,
        to_id: toId,
        message,
        remark,
        sent_at: sentAt,
        status,
        closed_at: closedAt,
      })),
    ),
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
