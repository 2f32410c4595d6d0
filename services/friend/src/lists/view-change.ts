import type { ViewChange } from '../view/entries/list-state.ts';
import type { FriendListEvent } from './list-change.ts';

/** What an event does to its owner's view. */
export function viewChangeOf(event: FriendListEvent): ViewChange {
  switch (event.name) {
    case 'kith.friend.added':
      return { kind: 'put-friend', friend: event.data.friend };
    case 'kith.friend.changed':
      return { kind: 'put-friend', friend: event.data.after };
    case 'kith.friend.list-imported':
      return { kind: 'put-friends', friends: event.data.friends };
    case 'kith.friend.removed':
      return { kind: 'remove-friend', userId: event.data.friend.userId };
    case 'kith.friend-request.added': {
      const { id, from, to, message, sentAt } = event.data.request;
      return { kind: 'put-request', request: { id, fromId: from.userId, toId: to.userId, message, sentAt } };
    }
    case 'kith.friend-request.closed':
      return { kind: 'remove-request', requestId: event.data.request.id };
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}
