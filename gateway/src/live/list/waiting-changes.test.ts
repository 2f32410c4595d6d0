import { expect, test } from 'vitest';
import { WaitingChanges } from './waiting-changes.ts';

const change = (revision: number) => ({ __typename: 'FriendChanged', revision, cursor: `at ${revision}` });

test('what nobody takes is no longer added to after five seconds, and anew once it is taken', () => {
  let now = 100_000;
  const waiting = new WaitingChanges(() => now);
  expect(waiting.add(change(1), 10)).toBe(true);
  now += 4_000;
  expect(waiting.add(change(2), 10)).toBe(true);
  now += 1_001;
  expect(waiting.add(change(3), 10)).toBe(false);
  waiting.shift();
  expect(waiting.add(change(3), 10)).toBe(true);
});

test('a reader who takes, however slowly, keeps what waits', () => {
  let now = 0;
  const waiting = new WaitingChanges(() => now);
  for (let revision = 1; revision <= 100; revision += 1) {
    expect(waiting.add(change(revision), 10)).toBe(true);
    now += 1_000;
    if (revision % 3 === 0) waiting.shift();
  }
});

test('more than 256 changes, or 256 KiB, do not wait', () => {
  const waiting = new WaitingChanges(() => 0);
  for (let revision = 1; revision <= 256; revision += 1) expect(waiting.add(change(revision), 10)).toBe(true);
  expect(waiting.add(change(257), 10)).toBe(false);
  const heavy = new WaitingChanges(() => 0);
  expect(heavy.add(change(1), 200 * 1024)).toBe(true);
  expect(heavy.add(change(2), 60 * 1024)).toBe(false);
});
