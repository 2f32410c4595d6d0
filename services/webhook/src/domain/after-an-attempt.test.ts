import { expect, test } from 'vitest';
import { type Attempt, afterAnAttempt } from './after-an-attempt.ts';

const now = new Date('2026-01-01T00:00:00Z');
const inMs = (ms: number) => new Date(now.getTime() + ms);
const after = (attempt: Partial<Attempt>, giveUpAt = inMs(86_400_000)) =>
  afterAnAttempt(
    { outcome: 'failed', tookMs: 1, ...attempt },
    { attempts: 3, giveUpAt, now, backoff: (n) => n * 1_000 },
  );

test('what was taken is done, also past its time', () => {
  expect(after({ outcome: 'delivered' }, inMs(-1))).toEqual({ state: 'delivered' });
});

test('what failed is tried again after the backoff, or when the endpoint says, within an hour', () => {
  expect(after({})).toEqual({ state: 'pending', tryAt: inMs(3_000) });
  expect(after({ retryAfterMs: 60_000 })).toEqual({ state: 'pending', tryAt: inMs(60_000) });
  expect(after({ retryAfterMs: 1 })).toEqual({ state: 'pending', tryAt: inMs(3_000) });
  expect(after({ retryAfterMs: 1e12 })).toEqual({ state: 'pending', tryAt: inMs(3_600_000) });
});

test('the last try is at the end of its time, and when that fails it is dead', () => {
  expect(after({}, inMs(1_000))).toEqual({ state: 'pending', tryAt: inMs(1_000) });
  expect(after({}, now)).toEqual({ state: 'dead' });
});

test('what an endpoint that is gone was sent waits for it', () => {
  expect(after({ outcome: 'gone' }, inMs(-1))).toEqual({ state: 'pending', tryAt: now });
});
