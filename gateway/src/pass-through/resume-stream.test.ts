import { expect, test } from 'vitest';
import { type Stream, type StreamListener, StreamLost, StreamRefused } from '../subgraphs/streams/stream-ends.ts';
import { HELD_FOR_MS, MOST_TRIES, type ResumedEvent, resumeStream } from './resume-stream.ts';

type Opened = (listener: StreamListener) => Stream;

const event = (number: number) => ({ data: { number } });

/** A stream that brings those events, and then completes or throws. */
function bringing(numbers: readonly number[], end?: Error): Opened {
  return async function* ({ opened }): Stream {
    opened();
    for (const number of numbers) yield event(number);
    if (end) throw end;
    return undefined;
  };
}

/** One that cannot be opened. */
// biome-ignore lint/correctness/useYield: it has nothing to give but the reason.
const away: Opened = async function* (): Stream {
  throw new StreamLost('away');
};

async function resumed(streams: readonly Opened[], { heldMs = 0 } = {}) {
  const pauses: number[] = [];
  let tries = 0;
  let clock = 0;
  const events: ResumedEvent[] = [];
  const ended = await (async () => {
    const leave = new AbortController();
    for await (const each of resumeStream({
      signal: leave.signal,
      open(listener) {
        tries += 1;
        return (streams[Math.min(tries, streams.length) - 1] as Opened)(listener);
      },
      pause: async (failures) => void pauses.push(failures),
      onLost: () => {
        clock += heldMs;
      },
      now: () => {
        clock += heldMs;
        return clock;
      },
    })) {
      events.push(each);
      if (events.length > 50) leave.abort();
    }
  })().catch((error: unknown) => error);
  return { events, pauses, tries, ended };
}

test('a stream that completes is not opened again', async () => {
  const { events, tries, ended } = await resumed([bringing([1, 2])]);
  expect([events.length, tries, ended]).toEqual([2, 1, undefined]);
});

test('one that was lost is, and the first event after that says so', async () => {
  const { events, pauses } = await resumed([bringing([1], new StreamLost('cut')), away, bringing([2, 3])]);
  expect(events).toEqual([
    { result: event(1), mayHaveMissed: false },
    { result: event(2), mayHaveMissed: true },
    { result: event(3), mayHaveMissed: false },
  ]);
  expect(pauses).toEqual([1, 2]);
});

test('one that could not be opened at first has missed nothing', async () => {
  const { events } = await resumed([away, bringing([1])]);
  expect(events).toEqual([{ result: event(1), mayHaveMissed: false }]);
});

test('one that is never there is given up after a few tries, one that was open after more', async () => {
  const never = await resumed([away]);
  expect([never.tries, never.ended]).toEqual([MOST_TRIES.atFirst, expect.any(StreamLost)]);
  const once = await resumed([bringing([1], new StreamLost('cut')), away]);
  expect([once.tries, once.ended]).toEqual([MOST_TRIES.later, expect.any(StreamLost)]);
});

test('one that is accepted and cut at once, again and again, is given up too', async () => {
  const { tries, ended } = await resumed([bringing([], new StreamLost('cut'))]);
  expect([tries, ended]).toEqual([MOST_TRIES.later, expect.any(StreamLost)]);
});

test('one that brings an event and is cut, again and again, is asked more and more seldom, and given up', async () => {
  const { events, pauses, ended } = await resumed([bringing([1], new StreamLost('cut'))]);
  expect(pauses).toEqual(Array.from({ length: MOST_TRIES.later - 1 }, (_, at) => at + 1));
  expect([events.length, ended]).toEqual([MOST_TRIES.later, expect.any(StreamLost)]);
});

test.each([[[]], [[1]]])('a long time ends the count of failures, whatever came in it: %j', async (events) => {
  const cut: Opened[] = Array(40).fill(bringing(events, new StreamLost('cut')));
  const shorter = await resumed([...cut, bringing([1])], { heldMs: HELD_FOR_MS / 2 - 1 });
  expect([shorter.tries, shorter.ended]).toEqual([MOST_TRIES.later, expect.any(StreamLost)]);
  const held = await resumed([...cut, bringing([1])], { heldMs: HELD_FOR_MS / 2 });
  expect([held.tries, held.ended, new Set(held.pauses)]).toEqual([41, undefined, new Set([1])]);
});

test('a refusal is the end', async () => {
  const refused = new StreamRefused([]);
  const { tries, ended } = await resumed([bringing([1], refused)]);
  expect([tries, ended]).toEqual([1, refused]);
});
