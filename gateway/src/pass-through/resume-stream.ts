import { type Stream, type StreamedResult, type StreamListener, StreamLost } from '../subgraphs/streams/stream-ends.ts';

/** An event, and whether others may have been lost before it: the stream had been lost. */
export interface ResumedEvent {
  readonly result: StreamedResult;
  readonly mayHaveMissed: boolean;
}

export interface ResumeOptions {
  /** Opens the stream anew. */
  readonly open: (listener: StreamListener) => Stream;
  readonly signal: AbortSignal;
  /** Waits before the next try, longer each time; `failures` counts from 1. Ends early with the signal. */
  readonly pause: (failures: number, signal: AbortSignal) => Promise<void>;
  readonly onLost: () => void;
  /** ms of a clock that does not go back. */
  readonly now: () => number;
}

/** Tries in a row that may fail: of a subscription that nobody has answered yet, and of one that was open. */
export const MOST_TRIES = { atFirst: 5, later: 12 };
/** A stream that was open for so long was a good one, even if it has brought nothing; one that was cut sooner was none. */
export const HELD_FOR_MS = 10_000;

/**
 * Retry with backoff around a stream that can be lost: opens it again until it completes. Nothing is kept of what happens
 * while it is lost, so the first event after that says that others may be missing. The backoff begins anew only after a
 * stream that was open for a while, whatever it has brought: a service that sends one event and cuts each time is asked
 * more and more seldom, and then no more.
 *
 * @throws {StreamLost} when it has failed too often in a row; {StreamRefused} when the service says no
 */
export async function* resumeStream(options: ResumeOptions): AsyncGenerator<ResumedEvent, undefined> {
  const { open, signal, pause, onLost, now } = options;
  let failures = 0;
  let everOpen = false;
  let mayHaveMissed = false;
  while (!signal.aborted) {
    let openedAt: number | undefined;
    const opened = () => {
      openedAt = now();
    };
    try {
      for await (const result of open({ signal, opened })) {
        yield { result, mayHaveMissed };
        mayHaveMissed = false;
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof StreamLost)) throw error;
      onLost();
      if (openedAt !== undefined) {
        everOpen = true;
        mayHaveMissed = true;
        if (now() - openedAt >= HELD_FOR_MS) failures = 0;
      }
      failures += 1;
      if (failures >= (everOpen ? MOST_TRIES.later : MOST_TRIES.atFirst)) throw error;
      await pause(failures, signal);
    }
  }
}
