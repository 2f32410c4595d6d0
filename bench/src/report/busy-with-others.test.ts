import { expect, test } from 'vitest';
import { watchOtherWork } from './busy-with-others.ts';

test('a machine that uses its cores while nothing is measured is busy with other work', async () => {
  let usedMs = 0;
  const work = watchOtherWork(() => usedMs, 1);
  await work.look();
  expect([work.isBusy, work.mostCores]).toEqual([false, 0]);
  const looking = work.look();
  usedMs += 10_000_000;
  await looking;
  usedMs += 0;
  await work.look();
  expect(work.isBusy).toBe(true);
});

test('what this machine uses can be read', async () => {
  const work = watchOtherWork(undefined, 20);
  await work.look();
  expect(work.mostCores).toBeGreaterThanOrEqual(0);
});
