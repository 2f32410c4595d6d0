import type {
  FriendAnswer,
  FriendData,
  FriendListAnnouncement,
  FriendRequestAnswer,
  FriendRequestData,
  friendListContracts,
  friendListImported,
  PersonData,
  UserAnswer,
} from '@kith/event-contracts';
import type { EnvelopeOf } from '@kith/event-delivery/envelope';
import type { SnapshotPage } from '@kith/live-list';

export type FriendListEvent = EnvelopeOf<(typeof friendListContracts)[number]>;

/** One that clients are told of as a change. */
export type ShownEvent = Exclude<FriendListEvent, EnvelopeOf<typeof friendListImported>>;

/**
 * An imported list is no change that could be shown as one: whoever stood before it gets the whole list. In a history
 * without it there is a hole, and a hole is answered by a snapshot.
 */
export function isShown(event: FriendListEvent): event is ShownEvent {
  return event.name !== 'kith.friend.list-imported';
}

/** A FriendListChange exactly as the friend subgraph answers it: what is announced, and what a catch-up brings. */
export type FriendListChange = Readonly<FriendListAnnouncement> | FriendListSnapshot;

/** What a page of a whole list holds. */
export interface FriendListPage {
  readonly __typename: 'FriendListSnapshot';
  readonly friends: readonly FriendAnswer[];
  /** On the first page alone. */
  readonly requests: readonly FriendRequestAnswer[];
}

export type FriendListSnapshot = SnapshotPage<FriendListPage>;

export function changeAnswer(event: ShownEvent, cursor: string): FriendListAnnouncement {
  const place = { cursor, revision: event.revision, occurredAt: event.occurredAt.toISOString() };
  switch (event.name) {
    case 'kith.friend.added':
      return { __typename: 'FriendAdded', ...place, friend: friendAnswer(event.data.friend) };
    case 'kith.friend.changed':
      return { __typename: 'FriendChanged', ...place, friend: friendAnswer(event.data.after) };
    case 'kith.friend.removed':
      return { __typename: 'FriendRemoved', ...place, userId: event.data.friend.userId };
    case 'kith.friend-request.added':
      return { __typename: 'FriendRequestAdded', ...place, request: requestAnswer(event.data.request) };
    case 'kith.friend-request.closed': {
      const { request, outcome } = event.data;
      return { __typename: 'FriendRequestClosed', ...place, requestId: request.id, outcome };
    }
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}

export function friendAnswer({ userId, nickname, avatarUrl, ...kept }: FriendData): FriendAnswer {
  const user = userAnswer({ userId, nickname, avatarUrl });
  return { __typename: 'Friend', user, ...kept, displayName: kept.remark ?? nickname };
}

export function requestAnswer(request: FriendRequestData): FriendRequestAnswer {
  return { __typename: 'FriendRequest', ...request, from: userAnswer(request.from), to: userAnswer(request.to) };
}

export function userAnswer(person: PersonData): UserAnswer {
  return { __typename: 'User', id: person.userId, nickname: person.nickname, avatarUrl: person.avatarUrl };
}
