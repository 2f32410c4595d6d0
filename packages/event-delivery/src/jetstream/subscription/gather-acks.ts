import type { Log } from '../../observe/log.ts';

const LATEST_MS = 10;
const MOST = 64;

/**
 * Batching: acknowledgements wait for the next message that this connection sends anyway, or 10 ms: writing to a socket
 * costs more than what is written, and nobody waits for them. A crash meanwhile brings those events again, as it may
 * any other.
 */
export function gatherAcks(log: Log) {
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  function send(): void {
    if (waiting.length === 0) return;
    clearTimeout(timer);
    timer = undefined;
    const gathered = waiting;
    waiting = [];
    try {
      for (const ack of gathered) ack();
    } catch (error) {
      // Only a closed connection refuses one: what it did not take comes again.
      log.debug({ error: String(error) }, 'acknowledgements were not sent');
    }
  }

  return {
    later(ack: () => void): void {
      waiting.push(ack);
      if (waiting.length >= MOST) send();
      else timer ??= setTimeout(send, LATEST_MS);
    },
    /** Together with what is sent right after. */
    send,
  };
}

export type GatheredAcks = ReturnType<typeof gatherAcks>;
