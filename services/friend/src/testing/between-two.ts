import { Relationship } from '../domain/relationship.ts';
import {
  DEFAULT_LIMITS,
  type FriendDetails,
  type FriendLimits,
  type FriendRequest,
  type Person,
  type Side,
} from '../domain/relationship-state.ts';

export const NOW = new Date('2026-03-01T12:00:00Z');

export const ann = aPerson('ann');
export const bob = aPerson('bob');

export function aPerson(userId: string, friendPolicy: Person['friendPolicy'] = 'APPROVAL'): Person {
  return { userId, nickname: `Nick ${userId}`, avatarUrl: null, friendPolicy };
}

export function details(more: Partial<FriendDetails> = {}): FriendDetails {
  return { remark: null, pinned: false, tags: [], since: new Date('2026-01-01T00:00:00Z'), ...more };
}

export function aRequest(from: Person, to: Person, more: Partial<FriendRequest> = {}): FriendRequest {
  return {
    id: `request-${from.userId}-${to.userId}`,
    fromId: from.userId,
    toId: to.userId,
    message: 'Hello',
    remark: null,
    sentAt: new Date('2026-02-01T00:00:00Z'),
    status: 'OPEN',
    closedAt: null,
    ...more,
  };
}

/** Ann, who acts, and Bob. They are strangers unless told otherwise. */
export function annAndBob(
  more: {
    ann?: Partial<Side>;
    bob?: Partial<Side>;
    friends?: boolean;
    openRequest?: FriendRequest;
    declinedAt?: Date;
    limits?: Partial<FriendLimits>;
  } = {},
): Relationship {
  let ids = 0;
  const friend = more.friends ? details() : null;
  const side = (person: Person, changes: Partial<Side> = {}): Side => ({
    person,
    friend,
    blocks: false,
    friendCount: friend ? 1 : 0,
    requestCount: more.openRequest ? 1 : 0,
    ...changes,
  });
  return new Relationship(
    {
      viewer: side(ann, more.ann),
      other: side(bob, more.bob),
      openRequest: more.openRequest ?? null,
      declinedAt: more.declinedAt ?? null,
    },
    { now: NOW, newId: () => `id-${++ids}` },
    { ...DEFAULT_LIMITS, ...more.limits },
  );
}

export function namesOf(relationship: Relationship): string[] {
  return relationship.events.map(({ name }) => name.replace('relationship.', ''));
}
