import { createEventBus } from '@kith/event-delivery/domain-events';
import { register } from '@prometheus-io/client';
import { expect, test } from 'vitest';
import type { Relationship } from '../domain/relationship.ts';
import type { RelationshipEvent } from '../domain/relationship-events.ts';
import { ann, annAndBob, aPerson, aRequest, bob } from '../testing/between-two.ts';
import { countRelationshipEvents } from './count-relationship-events.ts';

const OF_THE_DOMAIN = /^(kith_(?:friend|people)\w+(?:\{[^}]*\})?) (\d+)$/gm;

async function counts(): Promise<Map<string, number>> {
  return new Map(
    [...(await register.metrics()).matchAll(OF_THE_DOMAIN)].map(([, name, value]) => [name!, Number(value)]),
  );
}

const failures: unknown[] = [];
const bus = createEventBus<RelationshipEvent>({ onFailure: (failure) => failures.push(failure) });
countRelationshipEvents(bus);

async function counted(relationship: Relationship, command: (relationship: Relationship) => unknown) {
  const before = await counts();
  command(relationship);
  bus.dispatch(relationship.takeEvents());
  const after = await counts();
  const risen = [...after].filter(([name, value]) => value > (before.get(name) ?? 0));
  expect(failures).toEqual([]);
  return Object.fromEntries(risen.map(([name, value]) => [name, value - (before.get(name) ?? 0)]));
}

const fromBob = aRequest(bob, ann);

test('what happens between people is counted, each once', async () => {
  const open = annAndBob({ bob: { person: aPerson('bob', 'OPEN') } });
  expect(await counted(open, (r) => r.add({}))).toEqual({ kith_friendships_begun_total: 1 });
  expect(await counted(open, (r) => r.remove())).toEqual({ kith_friendships_ended_total: 1 });
  expect(await counted(annAndBob(), (r) => r.add({}))).toEqual({ kith_friend_requests_sent_total: 1 });
  const declining = annAndBob({ openRequest: fromBob });
  expect(await counted(declining, (r) => r.decline(fromBob))).toEqual({
    'kith_friend_requests_closed_total{outcome="DECLINED"}': 1,
  });
  const accepting = annAndBob({ openRequest: fromBob });
  expect(await counted(accepting, (r) => r.add({}))).toEqual({
    kith_friendships_begun_total: 1,
    'kith_friend_requests_closed_total{outcome="ACCEPTED"}': 1,
  });
  expect(await counted(annAndBob({ friends: true }), (r) => r.block())).toEqual({
    kith_friendships_ended_total: 1,
    kith_people_blocked_total: 1,
  });
});

test('what nobody counts, or changed nothing, is not counted', async () => {
  expect(await counted(annAndBob({ friends: true }), (r) => r.update({ remark: 'Bobby' }))).toEqual({});
  expect(await counted(annAndBob(), (r) => r.remove())).toEqual({});
});
