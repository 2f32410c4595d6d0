import { expect, test } from 'vitest';
import { seededRandom } from '../people/seeded-random.ts';
import { howManyNow, isBehind, roundsOf, timesWanted } from './choose-faults.ts';
import type { ClusterFault } from './cluster-fault.ts';

const fault = (name: string, part: ClusterFault['part'], more: Partial<ClusterFault> = {}): ClusterFault => ({
  ...{ name, part, break: async () => undefined },
  ...more,
});
const FAULTS = [fault('a', 'NATS'), fault('b', 'Redis'), fault('c', 'Postgres', { planned: true })];

test('each kind is met once before any is met again', () => {
  const rounds = roundsOf(FAULTS, seededRandom('1'));
  const names = Array.from({ length: 9 }, () => rounds.take()?.name);
  for (const round of [0, 3, 6]) expect(names.slice(round, round + 3).toSorted()).toEqual(['a', 'b', 'c']);
});

test('what fits is taken out of what is left of the round alone', () => {
  const rounds = roundsOf(FAULTS, seededRandom('1'));
  expect(rounds.take(({ part }) => part === 'Redis')?.name).toBe('b');
  expect(rounds.take(({ part }) => part === 'Redis')).toBeUndefined();
  expect([rounds.take()?.name, rounds.take()?.name].toSorted()).toEqual(['a', 'c']);
});

test('five of each kind are wanted in ten minutes, and fewer in less', () => {
  expect([600, 1_200, 120, 90].map(timesWanted)).toEqual([5, 10, 1, 0]);
});

test('behind time faults come in long stretches, but for what is planned, or judged by how long it takes alone', () => {
  expect(isBehind(20, 30, { seconds: 600, passedS: 300 })).toBe(true);
  expect(isBehind(100, 30, { seconds: 600, passedS: 300 })).toBe(false);
  const now = (given: ClusterFault, madeBefore = 0) =>
    howManyNow(given, { behind: true, madeBefore, random: seededRandom('1') });
  expect(now(FAULTS[0]!)).toBeGreaterThan(2);
  expect(now(FAULTS[2]!)).toBe(1);
  const judged = fault('d', 'NATS', { judgedAlone: true });
  expect([0, 1, 2].map((madeBefore) => now(judged, madeBefore) === 1)).toEqual([true, false, true]);
});
