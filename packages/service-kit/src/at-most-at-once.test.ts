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
