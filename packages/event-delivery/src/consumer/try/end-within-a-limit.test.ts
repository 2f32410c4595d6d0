import { expect, onTestFinished, test, vi } from 'vitest';
import { endsWithinALimit } from './end-within-a-limit.ts';
import { type Running, withinTime } from './handle-in-time.ts';

const MANY = 50;
const EVENT = { id: 'e' } as never;
const DELIVERED = { payload: new Uint8Array(), headers: {} };

/** How many listeners there are on signals: those of each signal that has any. */
function countListeners(): Map<AbortSignal, number> {
  const counts = new Map<AbortSignal, number>();
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const count = (signal: EventTarget, by: number) => {
    if (signal instanceof AbortSignal) counts.set(signal, (counts.get(signal) ?? 0) + by);
  };
  vi.spyOn(EventTarget.prototype, 'addEventListener').mockImplementation(function (this: EventTarget, ...args) {
    count(this, 1);
    addEventListener.apply(this, args as Parameters<typeof addEventListener>);
  });
  vi.spyOn(EventTarget.prototype, 'removeEventListener').mockImplementation(function (this: EventTarget, ...args) {
    count(this, -1);
    removeEventListener.apply(this, args as Parameters<typeof removeEventListener>);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  return counts;
}

test('however many handlers and pauses are in hand, no signal has more than the listener of its own handler', async () => {
  const counts = countListeners();
  const ending = endsWithinALimit(1, async () => undefined);
  const handle = withinTime(60_000, (_event, signal) => {
    signal.addEventListener('abort', () => undefined);
    return new Promise(() => undefined);
  });
  const handling = Array.from({ length: MANY }, () => handle(EVENT, ending.inHand, DELIVERED));
  const pausing = Array.from({ length: MANY }, () => ending.pause(60_000));
  expect(counts.size).toBe(MANY);
  expect(Math.max(...counts.values())).toBe(1);

  ending.begin();
  expect(await Promise.all(pausing)).toEqual(Array(MANY).fill(false));
  const ended = Promise.allSettled(handling);
  await ending.finish();
  for (const each of await ended) expect(each).toMatchObject({ reason: { code: 'CONSUMER_STOPPED' } });
});

test('after many deliveries nothing of theirs is kept', async () => {
  const ending = endsWithinALimit(1, async () => undefined);
  const kept = new Set<Running>();
  const inHand = {
    add: (each: Running) => {
      kept.add(each);
      ending.inHand.add(each);
    },
    delete: (each: Running) => {
      kept.delete(each);
      ending.inHand.delete(each);
    },
  };
  let calls = 0;
  const handle = withinTime(60_000, async () => {
    calls += 1;
    if (calls % 2 === 0) throw new Error('fails');
  });
  const tries = Array.from({ length: MANY }, () => handle(EVENT, inHand, DELIVERED));
  const outcomes = await Promise.allSettled(tries);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(MANY / 2);
  expect(kept.size).toBe(0);
  expect(await ending.pause(0)).toBe(true);
});

test('what begins after the end is cut off at once, and its handler is not called', async () => {
  const ending = endsWithinALimit(1, async () => undefined);
  ending.begin();
  await ending.finish();
  const handler = vi.fn();
  await expect(withinTime(60_000, handler)(EVENT, ending.inHand, DELIVERED)).rejects.toMatchObject({
    code: 'CONSUMER_STOPPED',
  });
  expect(handler).not.toHaveBeenCalled();
  expect(await ending.pause(60_000)).toBe(false);
});
