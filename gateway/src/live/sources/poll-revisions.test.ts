import { createLog } from '@kith/service-kit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pollRevisions } from './poll-revisions.ts';

const EVERY_MS = 1_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A service whose timeline, and what is watched of it, the test says; it is asked on the clock that the test moves. */
function aService() {
  const state = { timeline: 'first' as string | Error, watched: [] as string[], asked: 0, told: 0 };
  const polling = pollRevisions({
    everyMs: EVERY_MS,
    ownerIds: () => state.watched,
    async revisionsOf(owners) {
      state.asked += 1;
      if (state.timeline instanceof Error) throw state.timeline;
      return { timeline: state.timeline, revisions: new Map(owners.map((owner) => [owner, 1])) };
    },
    seen: () => undefined,
    newTimeline: () => {
      state.told += 1;
    },
    log: createLog({ name: 'test', level: 'silent' }),
  });
  return { state, polling, aPoll: () => vi.advanceTimersByTimeAsync(EVERY_MS) };
}

test('a timeline is known before anybody watches, and is not asked for again until somebody does', async () => {
  const { state, polling, aPoll } = aService();
  await vi.advanceTimersByTimeAsync(0);
  expect(state.asked).toBe(1);
  for (let poll = 1; poll <= 3; poll += 1) await aPoll();
  expect(state.asked).toBe(1);

  // Somebody watches for less than the time between two polls before the service's database is put back.
  state.watched = ['ann'];
  const { told } = state;
  state.timeline = 'second';
  await aPoll();
  expect(state.told).toBe(told + 1);
  await aPoll();
  await aPoll();
  // Some process of the service may have answered before it knew.
  expect(state.told).toBe(told + 2);
  polling.stop();
});

test('a list that was answered before the first poll is told, since its timeline may be another', async () => {
  const { state, polling, aPoll } = aService();
  state.timeline = new Error('not there yet');
  state.watched = ['ann'];
  await vi.advanceTimersByTimeAsync(0);
  await aPoll();
  expect(state.told).toBe(0);
  state.timeline = 'second';
  await aPoll();
  expect(state.told).toBe(1);
  await aPoll();
  expect(state.told).toBe(1);
  polling.stop();
});
