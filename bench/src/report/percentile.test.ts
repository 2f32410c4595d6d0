import { expect, test } from 'vitest';
import { percentile } from './percentile.ts';

test('a percentile is a value that was measured, by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([50, 99, 100, 0].map((p) => percentile(values, p))).toEqual([50, 99, 100, 1]);
  expect(percentile([7], 99)).toBe(7);
});

test('of nothing there is none', () => {
  expect(() => percentile([], 50)).toThrow(RangeError);
});
