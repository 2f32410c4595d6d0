import { setTimeout as sleep } from 'node:timers/promises';
import { ConsumerStopped } from './handle-in-time.ts';

/** What was cut off needs no longer to say so. */
export const END_WITHIN_MS = 1_000;

export interface Ending {
  hasBegun(): boolean;
  /** Aborted, with ConsumerStopped, when what is still in flight is cut off. */
  readonly cutOff: AbortSignal;
  /** False when the end cut it short. */
  pause(ms: number): Promise<boolean>;
  /** From now on nothing is begun, nor tried again. */
  begin(): void;
  /** Resolves when what was in flight has finished or been cut off. */
  finish(): Promise<void>;
}

/**
 * Graceful shutdown (draining) of a consumer: what is in flight may finish within `stopWithinMs`, then it is cut off.
 * `over` resolves when nothing is in flight any more.
 */
export function endsWithinALimit(stopWithinMs: number, over: () => Promise<void>): Ending {
  const stopped = new AbortController();
  const cutOff = new AbortController();
  return {
    hasBegun: () => stopped.signal.aborted,
    cutOff: cutOff.signal,
    pause: (ms) => sleep(ms, true, { signal: stopped.signal }).catch(() => false),
    begin: () => stopped.abort(),
    async finish() {
      await atMost(stopWithinMs, over());
      cutOff.abort(new ConsumerStopped());
      await atMost(END_WITHIN_MS, over());
    },
  };
}

/** Waits for it, but no longer: what does not end by itself must not keep a process from stopping. */
export async function atMost(ms: number, ending: Promise<void>): Promise<void> {
  const waited = new AbortController();
  await Promise.race([ending, sleep(ms, undefined, { signal: waited.signal }).catch(() => undefined)]);
  waited.abort();
}
