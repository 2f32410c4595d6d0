import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { momentWhenLate, refuseInAMoment } from './refuse-in-a-moment.ts';

test('a refusal does not come at once, nor all of them at the same moment', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const refusedAtMs: number[] = [];
  const response = {
    writeHead: () => response,
    end: () => void refusedAtMs.push(performance.now() - startedAt),
  };
  const startedAt = performance.now();
  for (let n = 0; n < 100; n += 1) {
    refuseInAMoment({ resume: () => undefined } as unknown as IncomingMessage, response as unknown as ServerResponse);
  }
  vi.advanceTimersByTime(49);
  expect(refusedAtMs).toEqual([]);
  vi.advanceTimersByTime(101);
  expect(refusedAtMs).toHaveLength(100);
  expect(new Set(refusedAtMs.map(Math.floor)).size).toBeGreaterThan(20);
});

test.each([
  [0, 100],
  [0.05, 100],
  [0.5, 500],
  [60, 2_000],
])('when this process is %d ms late a refusal takes %d ms, on the mean', (lateMs, momentMs) => {
  expect(momentWhenLate(lateMs)).toBe(momentMs);
});
