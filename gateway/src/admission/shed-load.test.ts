import { afterEach, expect, test, vi } from 'vitest';
import { shedLoad } from './shed-load.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Lets `work` take as long as it says, on a clock that nothing else on the machine can make late. */
async function played(work: () => Promise<void>): Promise<void> {
  vi.useFakeTimers();
  let done = false;
  const playing = work().finally(() => {
    done = true;
  });
  playing.catch(() => undefined);
  while (!done) await vi.advanceTimersByTimeAsync(50);
  await playing;
}

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const limits = { running: 2, fewest: 2, waiting: 1, waitAtMostMs: 10_000, loopDelayMs: 10_000 };
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

/** Whether it is busy after each of its looks at the event loop, which is so many ms late for them. */
function busyAfterLooks(lateMs: readonly number[]): boolean[] {
  vi.useFakeTimers();
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const load = shedLoad({ ...limits, loopDelayMs: 200 });
  const busy = lateMs.map((late) => {
    now += 50 + late;
    vi.advanceTimersByTime(50);
    return load.isBusy();
  });
  load.stop();
  return busy;
}

test('a pause of the event loop refuses nobody, however long it was', () => {
  expect(busyAfterLooks([0, 0, 60_000, 0, 0, 0, 5_000, 5_000, 0, 0])).not.toContain(true);
});

test('an event loop that is late again and again refuses what is new, until it is on time again', () => {
  expect(busyAfterLooks([0, 300, 300, 300, 300, 0, 300, 0, 0, 0])).toEqual(
    [0, 0, 0, 1, 1, 1, 1, 1, 0, 0].map((busy) => busy === 1),
  );
});

test('what a busy process refuses says when to come back', async () => {
  const load = shedLoad({ ...limits, running: 0, waiting: 0 });
  expect(() => load.refuseWhenBusy()).toThrow(expect.objectContaining(overloaded));
  load.stop();
});

test('in a crowd, what is accepted is answered in time: the limit finds what the work allows', () =>
  played(async () => {
    // A machine that does one thing at a time, 4 ms each: 250 a second, whatever is asked of it.
    let machine = Promise.resolve();
    const work = () => {
      machine = machine.then(() => later(4));
      return machine;
    };
    const load = shedLoad({ running: 200, fewest: 8, waiting: 400, waitAtMostMs: 250, loopDelayMs: 10_000 });
    const tookMs: number[] = [];
    let refused = 0;
    const ask = async () => {
      const startedAt = performance.now();
      try {
        const leave = await load.enter();
        await work();
        leave();
        tookMs.push(performance.now() - startedAt);
      } catch {
        refused += 1;
        await later(50);
      }
    };
    // Without a crowd, to know what is fast.
    for (let n = 0; n < 60; n += 1) await ask();
    const until = Date.now() + 3_000;
    const client = async () => {
      while (Date.now() < until) await ask();
    };
    await Promise.all(Array.from({ length: 500 }, client));

    expect(load.mayRun).toBeLessThan(60);
    expect(refused).toBeGreaterThan(0);
    const settledMs = tookMs.slice(Math.floor(tookMs.length / 2)).sort((a, b) => a - b);
    // 200 that run and 400 that wait would have been 2,400 ms.
    expect(settledMs[Math.floor(settledMs.length * 0.99)]).toBeLessThan(700);
    load.stop();
  }));

test('who finds no place waits in a burst, and is refused in a crowd, until it has been gone for a second', () =>
  played(async () => {
    const load = shedLoad({ ...limits, waiting: 10 });
    const keepBusy = async (forMs: number) => {
      const until = Date.now() + forMs;
      while (Date.now() < until) {
        const leave = await load.enter();
        await later(20);
        leave();
      }
    };
    // Who waits is refused too, in the end.
    const expectRefusedAtOnce = async () => {
      const askedAt = performance.now();
      await expect(load.enter()).rejects.toMatchObject(overloaded);
      expect(performance.now() - askedAt).toBe(0);
    };
    // One begins while the other runs: there is never nothing in hand.
    const crowd = [keepBusy(500), later(10).then(() => keepBusy(500))];
    await later(15);
    (await load.enter())();
    await later(300);
    await expectRefusedAtOnce();
    await Promise.all(crowd);
    // One moment without work is no end of it: the next row would be as long as the last.
    await later(300);
    const [one, two] = await Promise.all([load.enter(), load.enter()]);
    await expectRefusedAtOnce();
    one();
    two();
    await later(1_200);
    const burst = Array.from({ length: 8 }, async () => {
      const leave = await load.enter();
      await later(5);
      leave();
    });
    await Promise.all(burst);
    load.stop();
  }));

test('after a crowd, bursts that the machine has the time for are refused nothing, however low the limit is', () =>
  played(async () => {
    // One thing at a time, 1 ms each.
    let machine = Promise.resolve();
    const load = shedLoad({ running: 200, fewest: 8, waiting: 400, waitAtMostMs: 250, loopDelayMs: 10_000 });
    let refused = 0;
    const ask = async () => {
      try {
        const leave = await load.enter();
        machine = machine.then(() => later(1));
        await machine;
        leave();
      } catch {
        refused += 1;
        await later(20);
      }
    };
    for (let n = 0; n < 60; n += 1) await ask();
    const until = Date.now() + 1_000;
    const client = async () => {
      while (Date.now() < until) await ask();
    };
    await Promise.all(Array.from({ length: 300 }, client));
    expect(load.mayRun).toBeLessThan(30);
    expect(refused).toBeGreaterThan(0);

    await later(1_200);
    refused = 0;
    for (let n = 0; n < 20; n += 1) {
      await Promise.all([later(50), ...Array.from({ length: 40 }, ask)]);
    }
    expect(refused).toBe(0);
    load.stop();
  }));

test('a few slow ones among fast ones are no crowd', () =>
  played(async () => {
    const load = shedLoad({ running: 100, fewest: 8, waiting: 100, waitAtMostMs: 1_000, loopDelayMs: 10_000 });
    const run = async (ms: number) => {
      const leave = await load.enter();
      await later(ms);
      leave();
    };
    const until = Date.now() + 1_000;
    const client = (ms: number) => async () => {
      while (Date.now() < until) await run(ms);
    };
    const slow = Array.from({ length: 60 }, client(400));
    const fast = Array.from({ length: 10 }, client(2));
    await Promise.all([...slow, ...fast]);
    expect(load.mayRun).toBe(100);
    load.stop();
  }));
