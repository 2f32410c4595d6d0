import { expect, test } from 'vitest';
import { adaptBatchSize } from './adapt-batch-size.ts';

const LIMITS = { most: 1_000, least: 50, aimMs: 1_500 };

/** A service that does so many a second, whatever their portions; resolves to the sizes of the batches it got. */
function sizesAt(perSecond: (batch: number) => number, batches: number): number[] {
  const size = adaptBatchSize(LIMITS);
  return Array.from({ length: batches }, (_, batch) => {
    const asked = size.next;
    size.took((asked / perSecond(batch)) * 1_000);
    return asked;
  });
}

test('batches stay as large as they may be while they are quick', () => {
  expect(sizesAt(() => 2_000, 5)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
});

test.each([400, 100, 40])(
  'with %i a second left batches take about as long as they should, and not ever longer',
  (left) => {
    const settled = sizesAt(() => left, 60).slice(20);
    for (const size of settled) {
      expect(size).toBeGreaterThanOrEqual(LIMITS.least);
      expect(size / left).toBeLessThanOrEqual(Math.max(3, LIMITS.least / left));
    }
  },
);

test('when the machine is quiet again batches grow back', () => {
  const sizes = sizesAt((batch) => (batch < 10 ? 50 : 5_000), 30);
  expect(Math.min(...sizes)).toBeLessThan(150);
  expect(sizes.at(-1)).toBe(1_000);
});

test('what is refused makes the next ones smaller, and never none', () => {
  const size = adaptBatchSize(LIMITS);
  for (let at = 0; at < 20; at += 1) size.refused();
  expect(size.next).toBe(50);
});
