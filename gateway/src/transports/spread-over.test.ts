import { expect, test } from 'vitest';
import { spreadOver } from './spread-over.ts';

test('everything is done once, in order, and not all at the same moment', async () => {
  const done: { item: number; atMs: number }[] = [];
  const items = Array.from({ length: 100 }, (_, index) => index);
  await spreadOver(200, items, (item) => done.push({ item, atMs: Date.now() }));
  expect(done.map(({ item }) => item)).toEqual(items);
  expect(new Set(done.map(({ atMs }) => atMs)).size).toBeGreaterThan(5);
});

test('with no time to spread over, all is done at once', async () => {
  const done: number[] = [];
  const spreading = spreadOver(0, [1, 2, 3], (item) => done.push(item));
  expect(done).toEqual([1, 2, 3]);
  await spreading;
});
