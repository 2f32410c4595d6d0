import { expect, test } from 'vitest';
import { keepPace } from './keep-pace.ts';

test('every call is made, in order, and none before its time', async () => {
  const startedAt = performance.now();
  const calls: { index: number; atMs: number }[] = [];
  await keepPace(200, 0.1, (index) => calls.push({ index, atMs: performance.now() - startedAt }));
  expect(calls.map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  for (const { index, atMs } of calls) expect(atMs).toBeGreaterThanOrEqual(index * 5 - 1);
});
