import { expect, test } from 'vitest';
import { ann, annAndBob, aRequest, bob } from '../testing/between-two.ts';
import { listEventsOf } from './list-events.ts';
import type { Relationship } from './relationship.ts';

/** What each list learns of what was recorded: owner, type, data. */
function learnt(relationship: Relationship) {
  const people = new Map([ann, bob].map((person) => [person.userId, person]));
  return relationship.events
    .flatMap((event) => listEventsOf(event, people))
    .map(({ ownerId, contract, data }) => ({ ownerId, name: contract.name, data }));
}

const profile = (person: typeof ann) => ({
  userId: person.userId,
  nickname: person.nickname,
  avatarUrl: person.avatarUrl,
});

test('a friendship that begins is added to both lists, each with the other and with its own remark', () => {
  const relationship = annAndBob({ openRequest: aRequest(bob, ann, { remark: 'my Ann' }) });
  relationship.add({ remark: 'Bobby' });
  expect(learnt(relationship).slice(2)).toMatchObject([
    { ownerId: 'ann', name: 'kith.friend.added', data: { friend: { ...profile(bob), remark: 'Bobby' } } },
    { ownerId: 'bob', name: 'kith.friend.added', data: { friend: { ...profile(ann), remark: 'my Ann' } } },
  ]);
});

test('a friendship that ends leaves both lists', () => {
  const relationship = annAndBob({ friends: true });
  relationship.remove();
  expect(learnt(relationship)).toMatchObject([
    { ownerId: 'ann', name: 'kith.friend.removed', data: { friend: profile(bob) } },
    { ownerId: 'bob', name: 'kith.friend.removed', data: { friend: profile(ann) } },
  ]);
});

test('what the viewer keeps changes the viewer’s list alone', () => {
  const relationship = annAndBob({ friends: true });
  relationship.update({ remark: 'Bobby' });
  expect(learnt(relationship)).toMatchObject([
    { ownerId: 'ann', name: 'kith.friend.changed', data: { before: { remark: null }, after: { remark: 'Bobby' } } },
  ]);
});

test('a request, and its end, are told to both, and the sender’s remark to nobody', () => {
  const sent = annAndBob();
  sent.add({ message: 'Hi', remark: 'a secret' });
  const request = sent.state.openRequest!;
  const cancelled = annAndBob({ openRequest: request });
  cancelled.cancel(request);
  const data = { request: { id: request.id, from: profile(ann), to: profile(bob), message: 'Hi' } };
  expect([...learnt(sent), ...learnt(cancelled)]).toMatchObject([
    { ownerId: 'ann', name: 'kith.friend-request.added', data },
    { ownerId: 'bob', name: 'kith.friend-request.added', data },
    { ownerId: 'ann', name: 'kith.friend-request.closed', data: { ...data, outcome: 'CANCELLED' } },
    { ownerId: 'bob', name: 'kith.friend-request.closed', data: { ...data, outcome: 'CANCELLED' } },
  ]);
  expect(JSON.stringify([...learnt(sent), ...learnt(cancelled)])).not.toContain('secret');
});

test('a block tells no list of itself: the blocked side learns only what ended', () => {
  const strangers = annAndBob();
  strangers.block();
  strangers.unblock();
  expect(learnt(strangers)).toEqual([]);
  const friends = annAndBob({ friends: true });
  friends.block();
  expect(learnt(friends).map(({ name }) => name)).toEqual(['kith.friend.removed', 'kith.friend.removed']);
});
