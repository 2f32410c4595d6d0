// Longer than other files: every rule about two people, in the order of the aggregate that decides them.

import { given } from '@kith/event-delivery/testing';
import { describe, expect, test } from 'vitest';
import { ann, annAndBob, aPerson, aRequest, bob, details, NOW, namesOf } from '../testing/between-two.ts';
import { FriendRuleError } from './friend-rule-error.ts';
import type { Relationship } from './relationship.ts';
import type { FriendRequest } from './relationship-state.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** The refusal's code and details; nothing may have been recorded before it. */
function refusalOf(relationship: Relationship, command: (relationship: Relationship) => unknown) {
  const before = relationship.state;
  try {
    command(relationship);
  } catch (error) {
    expect(error).toBeInstanceOf(FriendRuleError);
    expect(relationship.events).toEqual([]);
    expect(relationship.state).toEqual(before);
    const { code, details } = error as FriendRuleError;
    return { code, ...details };
  }
  throw new Error('It was not refused.');
}

const withPolicy = (policy: 'OPEN' | 'APPROVAL' | 'CLOSED') => ({ bob: { person: aPerson('bob', policy) } });
const fromBob = aRequest(bob, ann, { remark: 'my Ann' });
const fromAnn = aRequest(ann, bob, { remark: 'my Bob' });

describe('adding somebody', () => {
  test('whose policy is OPEN binds the two at once, with the remark on the viewer’s side only', () => {
    const relationship = annAndBob(withPolicy('OPEN'));
    relationship.add({ message: 'unread', remark: '  Bobby ' });
    expect(namesOf(relationship)).toEqual(['friendship-began']);
    const { viewer, other, openRequest } = relationship.state;
    expect(viewer).toMatchObject({ friend: { remark: 'Bobby', since: NOW }, friendCount: 1 });
    expect(other).toMatchObject({ friend: { remark: null, since: NOW }, friendCount: 1 });
    expect(openRequest).toBeNull();
  });

  test('whose policy is APPROVAL sends one request, which counts for both', () => {
    const relationship = annAndBob();
    relationship.add({ message: ' Hi ', remark: 'Bobby' });
    expect(namesOf(relationship)).toEqual(['request-sent']);
    const { viewer, other, openRequest } = relationship.state;
    const expected = { fromId: 'ann', toId: 'bob', message: 'Hi', remark: 'Bobby', status: 'OPEN', sentAt: NOW };
    expect(openRequest).toMatchObject(expected);
    expect([viewer.requestCount, other.requestCount]).toEqual([1, 1]);
    expect([viewer.friend, other.friend]).toEqual([null, null]);
  });

  test('whose policy is CLOSED is not allowed', () => {
    expect(refusalOf(annAndBob(withPolicy('CLOSED')), (r) => r.add({}))).toEqual({ code: 'NOT_ALLOWED' });
  });

  test.each([undefined, 'CLOSED' as const])('who has asked already accepts, whatever their policy (%s)', (policy) => {
    const relationship = annAndBob({ openRequest: fromBob, ...(policy ? withPolicy(policy) : {}) });
    relationship.add({ remark: 'Bobby' });
    expect(namesOf(relationship)).toEqual(['request-closed', 'friendship-began']);
    expect(relationship.events[0]).toMatchObject({
      outcome: 'ACCEPTED',
      request: { status: 'ACCEPTED', closedAt: NOW },
    });
    const { viewer, other, openRequest } = relationship.state;
    expect([viewer.friend?.remark, other.friend?.remark]).toEqual(['Bobby', 'my Ann']);
    expect([viewer.requestCount, other.requestCount, openRequest]).toEqual([0, 0, null]);
  });

  test.each([
    ['is a friend', annAndBob({ friends: true })],
    ['was asked', annAndBob({ openRequest: fromAnn })],
  ])('who %s already changes nothing', (_, relationship) => {
    relationship.add({ message: 'again', remark: 'again' });
    expect(relationship.events).toEqual([]);
  });

  test('oneself is refused by its own name', () => {
    const relationship = annAndBob({ bob: { person: ann } });
    expect(refusalOf(relationship, (r) => r.add({}))).toEqual({ code: 'CANNOT_BEFRIEND_SELF', field: 'userId' });
  });

  test.each([
    ['remark', { remark: 'x'.repeat(65) }, 64],
    ['message', { message: 'x'.repeat(201) }, 200],
  ])('with too long a %s names the field and its limit', (field, input, limit) => {
    expect(refusalOf(annAndBob(), (r) => r.add(input))).toEqual({ code: 'BAD_USER_INPUT', field, limit });
  });

  test('who declined is possible again when the cooldown is over, and not a millisecond before', () => {
    const limits = { askAgainAfterMs: 7 * DAY_MS };
    const early = annAndBob({ declinedAt: new Date(NOW.getTime() - 7 * DAY_MS + 1), limits });
    expect(refusalOf(early, (r) => r.add({}))).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 1 });
    const due = annAndBob({ declinedAt: new Date(NOW.getTime() - 7 * DAY_MS), limits });
    due.add({});
    expect(namesOf(due)).toEqual(['request-sent']);
  });

  test('who declined but is OPEN by now needs no patience', () => {
    const relationship = annAndBob({ declinedAt: NOW, ...withPolicy('OPEN') });
    relationship.add({});
    expect(relationship.areFriends).toBe(true);
  });

  test.each([
    ['the viewer', { ann: { requestCount: 3 } }],
    ['the other', { bob: { requestCount: 3 } }],
  ])('is refused when %s has too many open requests', (_, sides) => {
    const relationship = annAndBob({ ...sides, limits: { openRequestsPerUser: 3 } });
    expect(refusalOf(relationship, (r) => r.add({}))).toEqual({
      code: 'RATE_LIMITED',
      limit: 3,
      retryAfterMs: expect.any(Number),
    });
  });

  test('an open request among the last allowed ones can still be accepted', () => {
    const relationship = annAndBob({ openRequest: fromBob, limits: { openRequestsPerUser: 1 } });
    relationship.add({});
    expect(relationship.areFriends).toBe(true);
  });
});

describe('a full list', () => {
  const full = { friendCount: 5_000 };
  const expected = { code: 'FRIEND_LIMIT_REACHED', limit: 5_000 };

  test.each([
    ['the viewer’s', { ann: full }],
    ['the other’s', { bob: full }],
  ])('%s takes nobody in, by whatever path, and closes no request', (_, sides) => {
    const open = { bob: { person: aPerson('bob', 'OPEN'), ...('bob' in sides ? full : {}) } };
    expect(refusalOf(annAndBob({ ...sides, ...open }), (r) => r.add({}))).toEqual(expected);
    expect(refusalOf(annAndBob({ ...sides, openRequest: fromBob }), (r) => r.add({}))).toEqual(expected);
    expect(refusalOf(annAndBob({ ...sides, openRequest: fromBob }), (r) => r.accept(fromBob, null))).toEqual(expected);
    expect(refusalOf(annAndBob(sides), (r) => r.bind())).toEqual(expected);
    expect(refusalOf(annAndBob({ ...sides, openRequest: fromAnn }), (r) => r.bind())).toEqual(expected);
  });

  test('does not keep anybody from asking', () => {
    const relationship = annAndBob({ ann: full });
    relationship.add({});
    expect(namesOf(relationship)).toEqual(['request-sent']);
  });
});

describe('a request', () => {
  test('is accepted with the remarks of both sides', () => {
    const relationship = annAndBob({ openRequest: fromBob });
    relationship.accept(fromBob, 'Bobby');
    expect(namesOf(relationship)).toEqual(['request-closed', 'friendship-began']);
    const { viewer, other } = relationship.state;
    expect([viewer.friend?.remark, other.friend?.remark]).toEqual(['Bobby', 'my Ann']);
    expect([viewer.friendCount, other.friendCount, viewer.requestCount, other.requestCount]).toEqual([1, 1, 0, 0]);
  });

  test.each(['decline', 'cancel'] as const)('can be closed by %s, and both counts fall', (command) => {
    const request = command === 'decline' ? fromBob : fromAnn;
    const relationship = annAndBob({ openRequest: request });
    const status = command === 'decline' ? 'DECLINED' : 'CANCELLED';
    expect(relationship[command](request)).toMatchObject({ id: request.id, status, closedAt: NOW });
    expect(namesOf(relationship)).toEqual(['request-closed']);
    expect(relationship.events[0]).toMatchObject({ outcome: status });
    const { viewer, other, openRequest } = relationship.state;
    expect([viewer.requestCount, other.requestCount, openRequest]).toEqual([0, 0, null]);
  });

  test.each([
    ['accept', fromAnn],
    ['decline', fromAnn],
    ['cancel', fromBob],
  ] as const)('only the right side may %s', (command, request) => {
    const relationship = annAndBob({ openRequest: request });
    const act = (r: Relationship) => (command === 'accept' ? r.accept(request, null) : r[command](request));
    expect(refusalOf(relationship, act)).toEqual({ code: 'REQUEST_NOT_FOUND' });
  });

  const closed = (request: FriendRequest, status: FriendRequest['status']) => ({ ...request, status, closedAt: NOW });

  test('accepted before stays accepted while they are friends, and is gone when they are not', () => {
    const accepted = closed(fromBob, 'ACCEPTED');
    const friends = annAndBob({ friends: true });
    friends.accept(accepted, 'another');
    expect(friends.events).toEqual([]);
    expect(refusalOf(annAndBob(), (r) => r.accept(accepted, null))).toEqual({ code: 'REQUEST_NOT_FOUND' });
  });

  test('declined or cancelled before answers the same again and changes nothing', () => {
    const relationship = annAndBob();
    const declined = closed(fromBob, 'DECLINED');
    expect(relationship.decline(declined)).toBe(declined);
    const cancelled = closed(fromAnn, 'CANCELLED');
    expect(relationship.cancel(cancelled)).toBe(cancelled);
    expect(relationship.events).toEqual([]);
  });

  test.each([
    ['accept', ['DECLINED', 'CANCELLED', 'WITHDRAWN'], fromBob],
    ['decline', ['ACCEPTED', 'CANCELLED', 'WITHDRAWN'], fromBob],
    ['cancel', ['ACCEPTED', 'DECLINED', 'WITHDRAWN'], fromAnn],
  ] as const)('closed otherwise cannot be touched by %s', (command, statuses, request) => {
    for (const status of statuses) {
      const gone = closed(request, status);
      const act = (r: Relationship) => (command === 'accept' ? r.accept(gone, null) : r[command](gone));
      expect(refusalOf(annAndBob(), act)).toEqual({ code: 'REQUEST_NOT_FOUND' });
      expect(refusalOf(annAndBob({ openRequest: { ...request, id: 'a newer one' } }), act)).toEqual({
        code: 'REQUEST_NOT_FOUND',
      });
    }
  });

  test('is not accepted with a remark that is none, whosever it is', () => {
    const act = (r: Relationship) => r.accept(fromAnn, 'x'.repeat(65));
    expect(refusalOf(annAndBob({ openRequest: fromAnn }), act)).toMatchObject({ code: 'BAD_USER_INPUT', limit: 64 });
  });
});

describe('what the viewer keeps about a friend', () => {
  test('changes where it is told to, and stays where it is not', () => {
    given(annAndBob({ ann: { friend: details({ remark: 'Bobby', pinned: true, tags: ['work'] }) } }))
      .when((r) => r.update({ tags: ['home', ' home ', 'gym'] }))
      .thenRecorded({
        name: 'relationship.details-changed',
        source: { kind: 'relationship', id: 'ann bob' },
        before: { tags: ['work'] },
        after: { tags: ['home', 'gym'] },
      })
      .thenState(({ state: { viewer } }) =>
        expect(viewer.friend).toMatchObject({ remark: 'Bobby', pinned: true, tags: ['home', 'gym'] }),
      );
  });

  test.each([null, '', '   '])('a remark of %j clears it', (remark) => {
    const relationship = annAndBob({ ann: { friend: details({ remark: 'Bobby' }) } });
    relationship.update({ remark });
    expect(relationship.state.viewer.friend?.remark).toBeNull();
  });

  test('the same again records nothing', () => {
    given(annAndBob({ ann: { friend: details({ remark: 'Bobby', pinned: true, tags: ['a', 'b'] }) } }))
      .when((r) => {
        r.update({ remark: ' Bobby ', pinned: true, tags: ['a', 'b', 'a'] });
        r.update({});
      })
      .thenNothing();
  });

  test('is not there for a stranger; bad input is said first', () => {
    expect(refusalOf(annAndBob(), (r) => r.update({ remark: 'x' }))).toEqual({ code: 'NOT_FRIENDS' });
    const tooMany = Array.from({ length: 11 }, (_, number) => `tag ${number}`);
    const act = (r: Relationship) => r.update({ tags: tooMany });
    expect(refusalOf(annAndBob(), act)).toEqual({ code: 'BAD_USER_INPUT', field: 'tags', limit: 10 });
  });
});

describe('removing a friend', () => {
  test('unbinds both sides', () => {
    const relationship = annAndBob({ friends: true });
    expect(relationship.remove()).toBe(true);
    expect(namesOf(relationship)).toEqual(['friendship-ended']);
    const { viewer, other } = relationship.state;
    expect([viewer.friend, other.friend, viewer.friendCount, other.friendCount]).toEqual([null, null, 0, 0]);
  });

  test('who is none changes nothing', () => {
    const relationship = annAndBob();
    expect(relationship.remove()).toBe(false);
    expect(relationship.events).toEqual([]);
  });
});

describe('a block', () => {
  test.each([
    ['a friendship', { friends: true }, ['friendship-ended', 'blocked']],
    ['a request that was sent', { openRequest: fromAnn }, ['request-closed', 'blocked']],
    ['a request that was received', { openRequest: fromBob }, ['request-closed', 'blocked']],
    ['nothing', {}, ['blocked']],
  ])('ends %s', (_, between, names) => {
    const relationship = annAndBob(between);
    expect(relationship.block()).toBe(true);
    expect(namesOf(relationship)).toEqual(names);
    const { viewer, other, openRequest } = relationship.state;
    expect(viewer).toMatchObject({ blocks: true, friend: null, friendCount: 0, requestCount: 0 });
    expect(other).toMatchObject({ blocks: false, friend: null, friendCount: 0, requestCount: 0 });
    expect(openRequest).toBeNull();
    const closedAs = relationship.events.flatMap((event) => ('outcome' in event ? [event.outcome] : []));
    expect(closedAs.every((outcome) => outcome === 'WITHDRAWN')).toBe(true);
  });

  test('again changes nothing, and so does unblocking somebody who is not blocked', () => {
    const blocking = annAndBob({ ann: { blocks: true } });
    expect(blocking.block()).toBe(false);
    const stranger = annAndBob();
    expect(stranger.unblock()).toBe(false);
    expect([...blocking.events, ...stranger.events]).toEqual([]);
  });

  test('is taken back without bringing anything back', () => {
    const relationship = annAndBob({ ann: { blocks: true } });
    expect(relationship.unblock()).toBe(true);
    expect(namesOf(relationship)).toEqual(['unblocked']);
    expect(relationship.state.viewer).toMatchObject({ blocks: false, friend: null });
  });

  test('of the other’s looks to the viewer exactly like CLOSED, on every path', () => {
    const closed = refusalMessage(annAndBob(withPolicy('CLOSED')), (r) => r.add({}));
    for (const policy of ['OPEN', 'APPROVAL', 'CLOSED'] as const) {
      const blocked = annAndBob({ bob: { person: aPerson('bob', policy), blocks: true } });
      expect(refusalMessage(blocked, (r) => r.add({}))).toEqual(closed);
    }
    const declined = annAndBob({ bob: { blocks: true }, declinedAt: NOW });
    expect(refusalMessage(declined, (r) => r.add({}))).toEqual(closed);
  });

  test.each(['viewer', 'other'] as const)('by the %s keeps the two apart on every path that binds', (side) => {
    const blocks = side === 'viewer' ? { ann: { blocks: true } } : { bob: { blocks: true } };
    const open = { bob: { person: aPerson('bob', 'OPEN'), ...(side === 'other' ? { blocks: true } : {}) } };
    const refused = { code: 'NOT_ALLOWED' };
    expect(refusalOf(annAndBob({ ...blocks, ...open }), (r) => r.add({}))).toEqual(refused);
    expect(refusalOf(annAndBob({ ...blocks, openRequest: fromBob }), (r) => r.add({}))).toEqual(refused);
    expect(refusalOf(annAndBob({ ...blocks, openRequest: fromBob }), (r) => r.accept(fromBob, null))).toEqual(refused);
    expect(refusalOf(annAndBob(blocks), (r) => r.bind())).toEqual(refused);
  });

  test('the other may block in turn', () => {
    const relationship = annAndBob({ bob: { blocks: true } });
    expect(relationship.block()).toBe(true);
  });

  test('of oneself is bad input', () => {
    const relationship = annAndBob({ bob: { person: ann } });
    expect(refusalOf(relationship, (r) => r.block())).toEqual({ code: 'BAD_USER_INPUT', field: 'userId' });
  });
});

describe('an import binds', () => {
  test('whatever the policy, and keeps the remark that came with a request', () => {
    const relationship = annAndBob({ ...withPolicy('CLOSED'), openRequest: fromBob });
    relationship.bind();
    expect(namesOf(relationship)).toEqual(['request-closed', 'friendship-began']);
    const { viewer, other } = relationship.state;
    expect([viewer.friend?.remark, other.friend?.remark]).toEqual([null, 'my Ann']);
  });

  test('friends only once, and nobody to themself', () => {
    const friends = annAndBob({ friends: true });
    friends.bind();
    expect(friends.events).toEqual([]);
    const self = annAndBob({ bob: { person: ann } });
    expect(refusalOf(self, (r) => r.bind())).toMatchObject({ code: 'CANNOT_BEFRIEND_SELF' });
  });
});

function refusalMessage(relationship: Relationship, command: (relationship: Relationship) => unknown) {
  try {
    command(relationship);
  } catch (error) {
    const { code, message, details } = error as FriendRuleError;
    return { code, message, details };
  }
  throw new Error('It was not refused.');
}
