import {
  type EnvelopeOf,
  type FriendData,
  type FriendRequestData,
  friendListContracts,
  type PersonData,
  readData,
  splitType,
  UnreadableEvent,
} from '@kith/event-contracts';

import type { RequestOutcome } from '../domain/relationship-state.ts';

export type FriendListEvent = EnvelopeOf<(typeof friendListContracts)[number]>;

/** The User stub that a friend list can answer without the user service. */
export interface UserStub {
  readonly __typename: 'User';
  readonly id: string;
  readonly nickname: string;
  readonly avatarUrl: string | null;
}

export type FriendAnswer = Readonly<Omit<FriendData, keyof PersonData>> & {
  readonly __typename: 'Friend';
  readonly user: UserStub;
  /** remark, else nickname */
  readonly displayName: string;
};

export type FriendRequestAnswer = Readonly<Omit<FriendRequestData, 'from' | 'to'>> & {
  readonly __typename: 'FriendRequest';
  readonly from: UserStub;
  readonly to: UserStub;
};

interface Change<Type extends string> {
  readonly __typename: Type;
  readonly cursor: string;
  readonly revision: number;
  readonly occurredAt: string;
}

/** A FriendListChange exactly as the friend subgraph answers it: what is announced, and what a catch-up brings. */
export type ListChangeAnswer =
  | (Change<'FriendAdded' | 'FriendChanged'> & { readonly friend: FriendAnswer })
  | (Change<'FriendRemoved'> & { readonly userId: string })
  | (Change<'FriendRequestAdded'> & { readonly request: FriendRequestAnswer })
  | (Change<'FriendRequestClosed'> & { readonly requestId: string; readonly outcome: RequestOutcome })
  | SnapshotAnswer;

export type SnapshotReason = 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';

export interface SnapshotAnswer extends Change<'FriendListSnapshot'> {
  readonly reason: SnapshotReason;
  readonly friends: readonly FriendAnswer[];
  readonly requests: readonly FriendRequestAnswer[];
  readonly complete: boolean;
}

export function changeAnswer(event: FriendListEvent, cursor: string): ListChangeAnswer {
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
  const user = userStub({ userId, nickname, avatarUrl });
  return { __typename: 'Friend', user, ...kept, displayName: kept.remark ?? nickname };
}

export function requestAnswer(request: FriendRequestData): FriendRequestAnswer {
  return { __typename: 'FriendRequest', ...request, from: userStub(request.from), to: userStub(request.to) };
}

export function userStub(person: PersonData): UserStub {
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
