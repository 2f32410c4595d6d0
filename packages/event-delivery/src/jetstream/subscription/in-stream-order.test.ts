import type { JsMsg } from '@nats-io/jetstream';
import { expect, test, vi } from 'vitest';
import { inStreamOrder } from './in-stream-order.ts';

const message = (seq: number, deliveryCount: number) => ({ seq, info: { deliveryCount } }) as JsMsg;

function collect(comingAgain: number) {
  const seen: number[] = [];
  return { seen, ordered: inStreamOrder(comingAgain, ({ seq }) => seen.push(seq)) };
}

test('what comes again is handed on in the order of the stream once all of it is there', () => {
  const { seen, ordered } = collect(4);
  for (const seq of [8, 9, 6]) ordered.take(message(seq, 2));
  expect(seen).toEqual([]);
  ordered.take(message(7, 3));
  expect(seen).toEqual([6, 7, 8, 9]);
  ordered.take(message(10, 1));
  ordered.take(message(6, 4));
  expect(seen).toEqual([6, 7, 8, 9, 10, 6]);
});

test('what does not come again, since the stream has lost it, is waited for until something new or nothing comes', () => {
  vi.useFakeTimers();
  try {
    const first = collect(3);
    first.ordered.take(message(5, 2));
    first.ordered.take(message(4, 2));
    first.ordered.take(message(6, 1));
    expect(first.seen).toEqual([4, 5, 6]);
    const second = collect(3);
    second.ordered.take(message(5, 2));
    second.ordered.take(message(4, 2));
    vi.advanceTimersByTime(600);
    expect(second.seen).toEqual([4, 5]);
  } finally {
    vi.useRealTimers();
  }
});

test('nothing is kept where nothing comes again', () => {
  const { seen, ordered } = collect(0);
  for (const seq of [3, 1]) ordered.take(message(seq, 2));
  expect(seen).toEqual([3, 1]);
});
