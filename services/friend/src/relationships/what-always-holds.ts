import type { OutboxEvent } from '@kith/event-delivery';
import { invariant } from '@kith/service-kit';
import type { FriendRequest, Pair, RelationshipState } from '../domain/relationship-state.ts';
import type { ListFigures } from '../rows/friend-list-row.ts';

/** Invariants of what is loaded about two people (S2 to S5): what rules decide by is no contradiction. */
export function assertPair(state: RelationshipState, { viewerId, otherId }: Pair): RelationshipState {
  const { viewer, other, openRequest } = state;
  const seen = () => ({ viewerId, otherId, requestId: openRequest?.id });
  const areFriends = viewer.friend !== null;
  invariant(areFriends === (other.friend !== null), 'friends are so on both sides (S2)', seen);
  const isBlocked = viewer.blocks || other.blocks;
  invariant(!isBlocked || (!areFriends && !openRequest), 'nothing stands between two of whom one blocks (S3)', seen);
  if (openRequest) {
    invariant(!areFriends, 'friends have no open request (S4)', seen);
    invariant(isBetween(openRequest, viewerId, otherId), 'an open request is one of the two to the other (S5)', seen);
  }
  return state;
}

function isBetween({ fromId, toId }: FriendRequest, one: string, two: string): boolean {
  return (fromId === one && toId === two) || (fromId === two && toId === one);
}

/** Invariants of what a transaction is about to save (S7 to S10): each list follows from its events, one by one. */
export function assertLists(
  before: ReadonlyMap<string, ListFigures>,
  now: ReadonlyMap<string, ListFigures>,
  events: readonly Pick<OutboxEvent, 'ownerId' | 'revision'>[],
): void {
  const reached = new Map<string, number>();
  for (const { ownerId, revision } of events) {
    const list = before.get(ownerId);
    invariant(list !== undefined, 'an event is of a list that was loaded (S7)', () => ({ ownerId, revision }));
    const last = reached.get(ownerId) ?? list.revision;
    invariant(revision === last + 1, 'each event raises the revision of its list by one (S8)', () => ({
      ...{ ownerId, last, revision },
    }));
    reached.set(ownerId, revision);
  }
  for (const [ownerId, list] of now) {
    const loaded = before.get(ownerId);
    const seen = () => ({ ownerId, loaded, list, reached: reached.get(ownerId) });
    const revision = reached.get(ownerId) ?? loaded?.revision;
    invariant(list.revision === revision, 'a list stands where its last event left it (S9)', seen);
    invariant(
      list.friendCount >= 0 && list.requestCount >= 0 && list.hiddenChanges >= (loaded?.hiddenChanges ?? 0),
      'no count of a list falls below nothing, and its hidden changes never fall (S10)',
      seen,
    );
  }
}
