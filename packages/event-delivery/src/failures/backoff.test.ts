import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const limits = { firstMs: 100, mostMs: 5_000 };

test('doubles with every attempt up to the most, and jitters over the upper half', () => {
  const most = [1, 2, 3, 6, 7, 50].map((attempt) => backoffMs(attempt, limits, () => 1));
  const least = [1, 2, 3, 6, 7, 50].map((attempt) => backoffMs(attempt, limits, () => 0));
  expect(most).toEqual([100, 200, 400, 3_200, 5_000, 5_000]);
  expect(least).toEqual([50, 100, 200, 1_600, 2_500, 2_500]);
});

test('is positive and bounded however often it was tried', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (attempt) => {
      const ms = backoffMs(attempt, limits);
      return ms >= 50 && ms <= 5_000;
    }),
  );
});
