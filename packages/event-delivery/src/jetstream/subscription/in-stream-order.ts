import type { JsMsg } from '@nats-io/jetstream';

/** The server has them all at hand: when none has come for this long, the others are gone from the stream. */
const QUIET_MS = 500;

/**
 * Hands deliveries on, at first in the order of the stream: the server gives what comes again before anything new, but
 * after two crashes in a row not always the oldest of it first. `comingAgain` is how many those are; they are kept until
 * all are there, or something new is.
 */
export function inStreamOrder(comingAgain: number, handOn: (message: JsMsg) => void) {
  let kept: JsMsg[] | undefined = comingAgain > 0 ? [] : undefined;
  let quiet: NodeJS.Timeout | undefined;

  function handOnKept(): void {
    clearTimeout(quiet);
    const sorted = kept?.sort((a, b) => a.seq - b.seq) ?? [];
    kept = undefined;
    for (const message of sorted) handOn(message);
  }

  return {
    take(message: JsMsg): void {
      if (kept && message.info.deliveryCount > 1) {
        kept.push(message);
        clearTimeout(quiet);
        if (kept.length < comingAgain) quiet = setTimeout(handOnKept, QUIET_MS);
        else handOnKept();
        return;
      }
      handOnKept();
      handOn(message);
    },
    /** What is kept comes again over the next connection. */
    stop: () => clearTimeout(quiet),
  };
}
