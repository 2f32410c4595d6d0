import { expect, test } from 'vitest';
import { atMostAtOnce } from './at-most-at-once.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('no more than the limit run at once, and all run in the order they came', async () => {
  const limited = atMostAtOnce(2);
  const started: number[] = [];
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const works = ends.map(({ promise }, index) =>
    limited(async () => {
      started.push(index);
      await promise;
      return index;
    }),
  );
  await settled();
  expect(started).toEqual([0, 1]);
  ends[1]!.resolve();
  await settled();
  expect(started).toEqual([0, 1, 2]);
  for (const end of ends) end.resolve();
  expect(await Promise.all(works)).toEqual([0, 1, 2, 3, 4]);
  expect(started).toEqual([0, 1, 2, 3, 4]);
});

test('a work that fails gives its place free', async () => {
  const limited = atMostAtOnce(1);
  await expect(limited(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await limited(async () => 'yes')).toBe('yes');
});

test('a newcomer does not overtake those who wait', async () => {
  const limited = atMostAtOnce(1);
  const order: number[] = [];
  const first = limited(async () => void order.push(1));
  const second = limited(async () => void order.push(2));
  await first;
  const third = limited(async () => void order.push(3));
  await Promise.all([second, third]);
  expect(order).toEqual([1, 2, 3]);
});

test('beyond the line a work is refused, and has not begun', async () => {
  const limited = atMostAtOnce(1, { mayWait: 1, refusal: () => new Error('full') });
  const begun: number[] = [];
  const outcomes = await Promise.allSettled([1, 2, 3].map((number) => limited(async () => void begun.push(number))));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(outcomes[2]).toMatchObject({ reason: { message: 'full' } });
  expect(begun).toEqual([1, 2]);
});
