import { type FriendListSnapshot, KithApiError } from '@kith/client';
import { ask, askWhileLeaving } from '../connection/ask.ts';
import type { HeldBack } from '../connection/held-back.ts';
import { kith } from '../connection/kith.ts';
import { BlockUser, CancelRequest, DeclineRequest, RemoveFriend } from './parting-operations.ts';

/** Each of them may be sent again: the second time it changes nothing. Answers the revision of the list that has it. */
export async function sendHeldBack(held: HeldBack): Promise<number> {
  const { person, requestId = '' } = held;
  switch (held.kind) {
    case 'remove':
      return (await ask(RemoveFriend, { userId: person.id })).removeFriend.listRevision;
    case 'block':
      return (await ask(BlockUser, { userId: person.id })).blockUser.listRevision;
    case 'decline':
      return (await ask(DeclineRequest, { requestId })).declineFriendRequest.listRevision;
    case 'cancel':
      return (await ask(CancelRequest, { requestId })).cancelFriendRequest.listRevision;
    default: {
      const unhandled: never = held.kind;
      return unhandled;
    }
  }
}

const DOCUMENTS = { remove: RemoveFriend, block: BlockUser, decline: DeclineRequest, cancel: CancelRequest };

/** The page goes: the browser sends it. */
export function handOver({ kind, person, requestId }: HeldBack, handedOver: () => void): void {
  const variables = requestId === undefined ? { userId: person.id } : { requestId };
  askWhileLeaving(DOCUMENTS[kind] as typeof RemoveFriend, variables as { userId: string }, handedOver);
}

/** Whether it is still about what is there: the same friendship, an open request. A block is about the person. */
export function isStillMeant({ kind, person, since, requestId }: HeldBack, list: FriendListSnapshot): boolean {
  if (kind === 'block') return true;
  if (kind === 'remove') return list.friends.some(({ user, since: began }) => user.id === person.id && began === since);
  return list.requests.some(({ id }) => id === requestId);
}

const DONE_ALREADY = new Set(['REQUEST_NOT_FOUND', 'NOT_FRIENDS', 'USER_NOT_FOUND']);

/** The other side was quicker, or left: what was wanted is so. */
export function isDoneAlready(error: unknown): boolean {
  return error instanceof KithApiError && DONE_ALREADY.has(error.code);
}

/** When the list on the screen has come so far, or does not seem to. */
export function listReaches(revision: number, atMostMs: number): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      unsubscribe();
      clearTimeout(timer);
      resolve();
    };
    const look = () => {
      if (kith.friends.getSnapshot().revision >= revision) settle();
    };
    const timer = setTimeout(settle, atMostMs);
    const unsubscribe = kith.friends.subscribe(look);
    // Not before the two above have their values.
    queueMicrotask(look);
  });
}
