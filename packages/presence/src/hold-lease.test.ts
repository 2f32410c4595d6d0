import { expect, test } from 'vitest';
import { LeaseHolder } from './hold-lease.ts';
import { type LeaseMessage, leaseMessageSchema, MOST_PEOPLE_AT_ONCE } from './lease-messages.ts';
import { BEAT_MS, GRACE_MS, LEASE_MS } from './presence-times.ts';

const STORE_MS = 1_700_000_000_000;

/** A holder and a store that takes all it says; the gateway's clock began at 0. */
function start() {
  let leases = 0;
  const newLease = () => {
    leases += 1;
    return `lease-${leases}`;
  };
  const holder = new LeaseHolder({ holder: 'gateway-1', newLease });
  const take = (message: LeaseMessage, nowMs: number) =>
    holder.answered({ v: 1, lease: message.lease, seq: message.seq, at: STORE_MS + nowMs }, nowMs);
  return { holder, take };
}

/** What a beat says when all before it has been answered. */
function beat({ holder, take }: { holder: LeaseHolder; take: ReturnType<typeof start>['take'] }, nowMs: number) {
  const message = holder.beat(nowMs);
  take(message, nowMs);
  return message;
}

test('a lease is begun, then its people are told at once, then what changes', () => {
  const { holder, take } = start();
  holder.opened('ann');
  const begins = holder.beat(0);
  expect(begins).toMatchObject({ lease: 'lease-1', seq: 0, here: {} });
  const first = take(begins, 10)!;
  expect(first).toMatchObject({ seq: 1, here: { ann: 1 }, at: STORE_MS + 10 });
  expect(leaseMessageSchema.parse(first)).toEqual(first);
  take(first, 20);
  holder.opened('ann');
  expect(holder.beat(BEAT_MS)).toMatchObject({ seq: 2, here: { ann: 2 }, gone: {} });
});

test('who comes back within the grace has never been away, and nothing is said', () => {
  const world = start();
  const { holder } = world;
  holder.opened('ann');
  for (const at of [0, 1, 2]) beat(world, at * BEAT_MS);
  holder.closed('ann', 3_000);
  for (const at of [3, 4, 5, 6, 7]) expect(beat(world, at * BEAT_MS)).toMatchObject({ here: {}, gone: {} });
  holder.opened('ann');
  for (const at of [8, 9, 10, 11]) expect(beat(world, at * BEAT_MS)).toMatchObject({ here: {}, gone: {} });
  expect(holder.people).toBe(1);
});

test('who does not is gone, since they were last seen', () => {
  const world = start();
  const { holder } = world;
  holder.opened('ann');
  for (const at of [0, 1, 2, 3]) beat(world, at * BEAT_MS);
  holder.closed('ann', 3_000);
  for (const at of [4, 5, 6, 7]) expect(beat(world, at * BEAT_MS)).toMatchObject({ here: {}, gone: {} });
  const { gone } = beat(world, 3_000 + GRACE_MS);
  expect(gone).toEqual({ ann: STORE_MS + 3_000 });
  expect(holder.people).toBe(0);
});

test('what was not answered is said again as it was, and what came meanwhile after it', () => {
  const { holder, take } = start();
  take(take(holder.beat(0), 0) ?? holder.beat(0), 0);
  holder.opened('ann');
  const said = holder.beat(BEAT_MS);
  holder.opened('bob');
  expect(holder.beat(2 * BEAT_MS)).toBe(said);
  take(said, 2 * BEAT_MS);
  expect(holder.beat(3 * BEAT_MS)).toMatchObject({ seq: said.seq + 1, here: { bob: 1 } });
});

test('a lease that the store does not know is begun anew, with all who are here', () => {
  const world = start();
  const { holder, take } = world;
  holder.opened('ann');
  holder.opened('bob');
  for (const at of [0, 1, 2]) beat(world, at * BEAT_MS);
  holder.closed('bob', 0);
  const said = holder.beat(GRACE_MS);
  const begins = holder.answered({ v: 1, lease: said.lease, seq: null, at: STORE_MS }, GRACE_MS)!;
  expect(begins).toMatchObject({ lease: 'lease-2', seq: 0 });
  expect(take(begins, GRACE_MS)).toMatchObject({ lease: 'lease-2', seq: 1, here: { ann: 1 }, gone: {} });
  // Late words about the old one say nothing.
  expect(holder.answered({ v: 1, lease: 'lease-1', seq: null, at: STORE_MS }, GRACE_MS)).toBeUndefined();
});

test('more people than a message holds are told one message after the other, without a pause', () => {
  const { holder, take } = start();
  for (let each = 0; each < 2 * MOST_PEOPLE_AT_ONCE + 1; each += 1) holder.opened(`person-${each}`);
  const counts: number[] = [];
  for (let said = take(holder.beat(0), 0); said; said = take(said, 0)) counts.push(Object.keys(said.here).length);
  expect(counts).toEqual([MOST_PEOPLE_AT_ONCE, MOST_PEOPLE_AT_ONCE, 1]);
});

test('a lease that is over by the holder’s own clock is begun anew, whatever the store’s clock says', () => {
  const world = start();
  const { holder, take } = world;
  holder.opened('ann');
  for (const at of [0, 1, 2]) beat(world, at * BEAT_MS);
  const begins = holder.beat(2 * BEAT_MS + LEASE_MS);
  expect(begins).toMatchObject({ lease: 'lease-2', seq: 0 });
  expect(take(begins, 2 * BEAT_MS + LEASE_MS)).toMatchObject({ lease: 'lease-2', here: { ann: 1 } });
});
