import type { FriendData, FriendRequestData, PersonData } from '@kith/event-contracts';
import {
  friendAdded,
  friendChanged,
  friendRemoved,
  friendRequestAdded,
  friendRequestClosed,
} from '@kith/event-contracts';
import type { DataOf } from '@kith/event-delivery/envelope';
import type { RelationshipEvent } from './relationship-events.ts';
import type { FriendDetails, FriendRequest, Person } from './relationship-state.ts';

/** An event of one person's list that has no revision, id or time yet. */
export type ListEventDraft =
  | { readonly ownerId: string; readonly contract: typeof friendAdded; readonly data: DataOf<typeof friendAdded> }
  | { readonly ownerId: string; readonly contract: typeof friendChanged; readonly data: DataOf<typeof friendChanged> }
  | { readonly ownerId: string; readonly contract: typeof friendRemoved; readonly data: DataOf<typeof friendRemoved> }
  | {
      readonly ownerId: string;
      readonly contract: typeof friendRequestAdded;
      readonly data: DataOf<typeof friendRequestAdded>;
    }
  | {
      readonly ownerId: string;
      readonly contract: typeof friendRequestClosed;
      readonly data: DataOf<typeof friendRequestClosed>;
    };

/**
 * What the lists of the two people learn of an internal event: the one mapping from the Relationship's rich events to
 * the flat, versioned contracts. A block is visible to the blocker alone, so it changes no list by itself.
 */
export function listEventsOf(event: RelationshipEvent, people: ReadonlyMap<string, Person>): ListEventDraft[] {
  switch (event.name) {
    case 'relationship.friendship-began':
      return eachSide(event.sides, people).map(({ ownerId, friend }) => ({
        ownerId,
        contract: friendAdded,
        data: { friend },
      }));
    case 'relationship.friendship-ended':
      return eachSide(event.sides, people).map(({ ownerId, friend }) => ({
        ownerId,
        contract: friendRemoved,
        data: { friend },
      }));
    case 'relationship.details-changed': {
      const friend = otherThan(event.ownerId, people);
      const data = { before: friendData(friend, event.before), after: friendData(friend, event.after) };
      return [{ ownerId: event.ownerId, contract: friendChanged, data }];
    }
    case 'relationship.request-sent': {
      const data = { request: requestData(event.request, people) };
      return [...people.keys()].map((ownerId) => ({ ownerId, contract: friendRequestAdded, data }));
    }
    case 'relationship.request-closed': {
      const data = { request: requestData(event.request, people), outcome: event.outcome };
      return [...people.keys()].map((ownerId) => ({ ownerId, contract: friendRequestClosed, data }));
    }
    case 'relationship.blocked':
    case 'relationship.unblocked':
      return [];
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}

export function friendData(person: PersonData, { tags, since, ...kept }: FriendDetails): FriendData {
  return { ...personData(person), ...kept, tags: [...tags], since: since.toISOString() };
}

export function requestData(request: FriendRequest, people: ReadonlyMap<string, Person>): FriendRequestData {
  return {
    id: request.id,
    from: personData(personIn(people, request.fromId)),
    to: personData(personIn(people, request.toId)),
    message: request.message,
    sentAt: request.sentAt.toISOString(),
  };
}

function personData({ userId, nickname, avatarUrl }: PersonData): PersonData {
  return { userId, nickname, avatarUrl };
}

function eachSide(sides: ReadonlyMap<string, FriendDetails>, people: ReadonlyMap<string, Person>) {
  return [...sides].map(([ownerId, details]) => ({
    ownerId,
    friend: friendData(otherThan(ownerId, people), details),
  }));
}

function otherThan(ownerId: string, people: ReadonlyMap<string, Person>): Person {
  const [other, ...more] = [...people.keys()].filter((userId) => userId !== ownerId);
  if (other === undefined || more.length > 0) throw new RangeError('An event is about exactly two people.');
  return personIn(people, other);
}

function personIn(people: ReadonlyMap<string, Person>, userId: string): Person {
  const person = people.get(userId);
  if (!person) throw new RangeError('An event is about exactly two people.');
  return person;
}
