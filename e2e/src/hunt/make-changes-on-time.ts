import { setTimeout as delay } from 'node:timers/promises';
import type { Change } from './hunted-kind.ts';

/** Of one owner: an answer takes longer than the time to the next change when the machine is busy. */
const AT_ONCE = 8;
/** What was due during a fault is sent after it no faster than so many times the rate. */
const HURRY = 2;

/**
 * Makes one change after the other at a fixed rate, whether answers come or not (an open loop). Resolves when it is told
 * to stop and what is in hand was answered; a failure that `takesFailure` does not take ends it, and rejects then.
 */
export async function makeChangesOnTime(options: {
  /** From one mutation to the next. */
  everyMs: number;
  firstAfterMs: number;
  /** From round 1 on. */
  nextChange: (round: number) => Change;
  isStopping: () => boolean;
  takesFailure: (error: unknown) => boolean;
  /** Mutations that are due and not sent yet, whenever something is waited for. */
  onLate: (mutations: number) => void;
}): Promise<void> {
  const { everyMs, isStopping, takesFailure, onLate } = options;
  const inHand = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  let dueAt = performance.now() + options.firstAfterMs;
  let sentAt = 0;
  for (let round = 1; !isStopping() && !failure; round += 1) {
    const { mutations, make } = options.nextChange(round);
    dueAt += mutations * everyMs;
    const sendAt = Math.max(dueAt, sentAt + (mutations * everyMs) / HURRY);
    for (let now = performance.now(); !isStopping() && (now < sendAt || inHand.size >= AT_ONCE); ) {
      onLate(Math.max(0, Math.floor((now - dueAt) / everyMs)));
      await (now < sendAt ? delay(sendAt - now) : Promise.race(inHand));
      now = performance.now();
    }
    sentAt = performance.now();
    const making: Promise<void> = make()
      .catch((error) => {
        if (!takesFailure(error)) failure ??= { error };
      })
      .finally(() => inHand.delete(making));
    inHand.add(making);
  }
  await Promise.all(inHand);
  if (failure) throw failure.error;
}
