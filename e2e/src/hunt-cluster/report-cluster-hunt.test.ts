import { expect, test } from 'vitest';
import type { ClusterFaultDone } from './break-cluster.ts';
import { supervised } from './break-processes.ts';
import type { ClusterHuntReport } from './hunt-cluster.ts';
import { reportClusterHunt, shortcomings } from './report-cluster-hunt.ts';

const done = (name: string, more: Partial<ClusterFaultDone> = {}): ClusterFaultDone => ({
  ...{ name, planned: false, overlapped: false, caughtUpMs: 100, clientErrors: [], failedStarts: [] },
  ...more,
});

function report(seconds: number, faults: readonly ClusterFaultDone[], kinds: readonly string[]): ClusterHuntReport {
  const mutations = { sent: 1, late: 0, retried: 0, retriedFor: {}, longestMs: 1, overtaken: 0 };
  return {
    options: { seconds, clients: 1, lists: 1, changesPerSecond: 1 },
    ...{ faults, kinds, mutations, pushed: 1, reconnects: {}, catchUps: {}, caughtUpAtEndMs: 1 },
  } as unknown as ClusterHuntReport;
}

const times = (count: number, name: string) => Array.from({ length: count }, () => done(name));

test('a kind of fault that was met fewer than five times in ten minutes is said, also one that was never met', () => {
  const faults = [...times(5, 'often'), ...times(4, 'seldom')];
  const short = shortcomings(report(600, faults, ['often', 'seldom', 'never']));
  expect(short).toEqual([expect.stringMatching(/^seldom: met 4 times/), expect.stringMatching(/^never: met 0 times/)]);
  expect(reportClusterHunt(report(600, faults, ['often', 'seldom', 'never']))).toMatch(/ {2}never +0 times/);
  expect(shortcomings(report(90, faults, ['often', 'seldom', 'never']))).toEqual([]);
});

test('a planned restart after which a process had to be started twice is told, unless the machine was too busy', () => {
  const failedStarts = ['friend-1 did not start: it ended (1)'];
  const rolled = (more: Partial<ClusterFaultDone>) => [done('rolled', { planned: true, failedStarts, ...more })];
  expect(shortcomings(report(90, rolled({}), ['rolled']))).toEqual([`rolled: ${failedStarts[0]}`]);
  expect(shortcomings(report(90, rolled({ disturbedBy: 'a failover of Postgres' }), ['rolled']))).toHaveLength(1);
  expect(shortcomings(report(90, rolled({ disturbedBy: 'a busy machine' }), ['rolled']))).toEqual([]);
  expect(shortcomings(report(90, [done('killed', { failedStarts })], ['killed']))).toEqual([]);
});

test('a supervisor starts what did not start again, and tells of each time', async () => {
  let starts = 0;
  const told: string[] = [];
  const start = async () => {
    starts += 1;
    if (starts < 3) throw new Error('no luck');
  };
  await supervised({ name: 'friend-1', start }, (what) => void told.push(what));
  expect(told).toEqual(['friend-1 did not start: no luck', 'friend-1 did not start: no luck']);
});
