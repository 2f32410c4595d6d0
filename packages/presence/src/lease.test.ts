import { expect, test } from 'vitest';
import { applyToLease, type Lease, whoIsHere } from './lease.ts';
import type { LeaseMessage } from './lease-messages.ts';
import { LEASE_MS } from './presence-times.ts';

const NOW = 1_700_000_000_000;
const say = (seq: number, at: number, here = {}, gone = {}): LeaseMessage => ({
  ...{ v: 1, holder: 'gateway-1', lease: 'lease-1', seq, at, here, gone },
});

/** A lease that was begun at NOW, and has taken one message with Ann. */
const begun: Lease = { begunAt: NOW, until: NOW + LEASE_MS, seq: 1, people: new Map([['ann', 1]]) };
const isHere = (lease: Lease | undefined, now: number) => whoIsHere(lease ? [lease] : [], now).has('ann');

test('a lease holds for its time after what its holder heard last, however late the message comes', () => {
  const { lease, answer } = applyToLease(begun, say(2, NOW + 1_000), NOW + 4_000);
  expect(answer).toMatchObject({ seq: 2, at: NOW + 4_000 });
  expect(isHere(lease, NOW + 1_000 + LEASE_MS - 1)).toBe(true);
  expect(isHere(lease, NOW + 1_000 + LEASE_MS)).toBe(false);
});

test.each([
  ['of a lease that is not there', undefined, say(1, NOW), NOW],
  ['of a lease that has ended', begun, say(2, NOW), NOW + LEASE_MS],
  ['of before the lease was begun', begun, say(2, NOW - 1), NOW],
  ['of a time that has not come', begun, say(2, NOW + 1), NOW],
  ['after one that is missing', begun, say(3, NOW), NOW],
  ['of a lease from before the clock was set back', begun, say(2, NOW), NOW - 1],
])('a message %s changes nothing, and another lease has to be begun', (_what, before, message, now) => {
  const { lease, answer } = applyToLease(before, message, now);
  expect(lease).toBe(before);
  expect(answer).toMatchObject({ seq: null, at: now });
});

test.each([0, 1])('a message that came before changes nothing, and is answered: %i', (seq) => {
  const { lease, answer } = applyToLease(begun, say(seq, NOW, {}, { ann: NOW }), NOW + 1_000);
  expect(lease).toBe(begun);
  expect(answer).toMatchObject({ seq: 1 });
});

test('a lease that ends later than any can holds nobody', () => {
  expect(isHere(begun, NOW - 1)).toBe(false);
});
