import {
  type FriendAnswer,
  type FriendData,
  type FriendListAnnouncement,
  type FriendRequestAnswer,
  type FriendRequestData,
  friendListContracts,
  type PersonData,
  type UserAnswer,
} from '@kith/event-contracts';
import { type EnvelopeOf, readData, splitType, UnreadableEvent } from '@kith/event-delivery/envelope';

export type FriendListEvent = EnvelopeOf<(typeof friendListContracts)[number]>;

/** A FriendListChange exactly as the friend subgraph answers it: what is announced, and what a catch-up brings. */
export type FriendListChange = Readonly<FriendListAnnouncement> | FriendListSnapshot;

export type SnapshotReason = 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';

export interface FriendListSnapshot {
  readonly __typename: 'FriendListSnapshot';
  readonly cursor: string;
  readonly revision: number;
  readonly occurredAt: string;
  readonly reason: SnapshotReason;
  readonly friends: readonly FriendAnswer[];
  readonly requests: readonly FriendRequestAnswer[];
  readonly complete: boolean;
}

export function changeAnswer(event: FriendListEvent, cursor: string): FriendListAnnouncement {
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

/** A row of the outbox as the event it was published as, lifted to the newest version. */
export function eventOfRow(row: OutboxRow): FriendListEvent {
  const { name, version } = splitType(row.type);
  const contract = friendListContracts.find((candidate) => candidate.name === name);
  if (!contract) throw new UnreadableEvent('UNKNOWN_TYPE', `The outbox holds a ${row.type}, which is no list event.`);
  return {
    id: row.event_id,
    source: 'kith/friend',
    name,
    ownerId: row.owner_id,
    revision: Number(row.revision),
    occurredAt: row.occurred_at,
    data: readData(contract, version, row.payload),
  } as FriendListEvent;
}

export interface OutboxRow {
  readonly event_id: string;
  readonly owner_id: string;
  readonly revision: string;
  readonly type: string;
  readonly payload: unknown;
  readonly occurred_at: Date;
}
