import { setTimeout as sleep } from 'node:timers/promises';
import { ConsumerStopped, type HandlersInHand, type Running } from './handle-in-time.ts';

/** What was cut off needs no longer to say so. */
export const END_WITHIN_MS = 1_000;

export interface Ending {
  hasBegun(): boolean;
  /** Aborted, with ConsumerStopped, when what is still in flight is cut off. */
  readonly inHand: HandlersInHand;
  /** False when the end cut it short. */
  pause(ms: number): Promise<boolean>;
  /** From now on nothing is begun, nor tried again. */
  begin(): void;
  /** Resolves when what was in flight has finished or been cut off. */
  finish(): Promise<void>;
}

/**
 * Graceful shutdown (draining) of a consumer: what is in flight may finish within `stopWithinMs`, then it is cut off.
 * `over` resolves when nothing is in flight any more. Handlers and pauses are as many as there are events in flight, which
 * as listeners of one signal would look like a leak (MaxListenersExceededWarning on Node 20): they are kept in sets.
 */
export function endsWithinALimit(stopWithinMs: number, over: () => Promise<void>): Ending {
  let hasBegun = false;
  let cutOff: ConsumerStopped | undefined;
  const handlers = new Set<Running>();
  const pauses = new Set<() => void>();
  return {
    hasBegun: () => hasBegun,
    inHand: {
      add(handler) {
        if (cutOff) handler.abort(cutOff);
        else handlers.add(handler);
      },
      delete: (handler) => void handlers.delete(handler),
    },
    async pause(ms) {
      if (hasBegun) return false;
      return new Promise<boolean>((resolve) => {
        const end = (isWhole: boolean) => {
          clearTimeout(timer);
          pauses.delete(cutShort);
          resolve(isWhole);
        };
        const cutShort = () => end(false);
        const timer = setTimeout(end, ms, true);
        pauses.add(cutShort);
      });
    },
    begin() {
      hasBegun = true;
      for (const cutShort of pauses) cutShort();
    },
    async finish() {
      await atMost(stopWithinMs, over());
      cutOff = new ConsumerStopped();
      for (const handler of handlers) handler.abort(cutOff);
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
