import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { shedLoad } from './shed-load.ts';

const limits = { running: 2, waiting: 1, waitAtMostMs: 10_000, loopDelayMs: 10_000 };
const overloaded = { code: 'SERVICE_UNAVAILABLE', extensions: { retryAfterMs: expect.any(Number) } };

test('beyond what runs and waits, the next is refused at once; who waits follows who ends', async () => {
  const load = shedLoad(limits);
  const [first] = await Promise.all([load.enter(), load.enter()]);
  let entered = false;
  const waiting = load.enter().then((leave) => {
    entered = true;
    return leave;
  });
  await expect(load.enter()).rejects.toMatchObject(overloaded);
  expect(entered).toBe(false);
  first();
  (await waiting)();
  // Leaving twice makes no second place.
  first();
  await load.enter();
  const another = load.enter();
  await expect(load.enter()).rejects.toMatchObject(overloaded);
  another.catch(() => undefined);
  load.stop();
});

test('who has waited too long is refused, and leaves its place to others', async () => {
  const load = shedLoad({ ...limits, running: 1, waitAtMostMs: 20 });
  const leave = await load.enter();
  await expect(load.enter()).rejects.toMatchObject(overloaded);
  leave();
  (await load.enter())();
  load.stop();
});

test('a late event loop refuses what is new, until it is on time again', async () => {
  const load = shedLoad({ ...limits, loopDelayMs: 30 });
  load.refuseWhenLate();
  let refused = false;
  const deadline = Date.now() + 5_000;
  while (!refused && Date.now() < deadline) {
    const until = Date.now() + 150;
    while (Date.now() < until);
    await delay(1);
    try {
      load.refuseWhenLate();
    } catch (error) {
      expect(error).toMatchObject(overloaded);
      refused = true;
    }
  }
  expect(refused).toBe(true);
  const accepted = () => {
    try {
      load.refuseWhenLate();
      return true;
    } catch {
      return false;
    }
  };
  while (!accepted() && Date.now() < deadline) await delay(20);
  expect(accepted()).toBe(true);
  load.stop();
});
