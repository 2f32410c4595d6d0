import { expect, test } from 'vitest';
import { limitConcurrency } from './limit-concurrency.ts';

test('never more than so many at a time, all in the end, failures included', async () => {
  const withSlot = limitConcurrency(3);
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, number) =>
      withSlot(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        if (number % 7 === 0) throw new Error('one of them');
        return number;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(42);
});

test('a newcomer does not overtake those who wait', async () => {
  const withSlot = limitConcurrency(1);
  const order: number[] = [];
  const first = withSlot(async () => void order.push(1));
  const second = withSlot(async () => void order.push(2));
  await first;
  const third = withSlot(async () => void order.push(3));
  await Promise.all([second, third]);
  expect(order).toEqual([1, 2, 3]);
});
