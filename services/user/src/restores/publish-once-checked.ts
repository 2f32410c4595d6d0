import { setTimeout as sleep } from 'node:timers/promises';
import { USER_SOURCE, USER_STREAM } from '@kith/event-contracts';
import { type EventBroker, type Relay, type Stoppable, startRelay, startStreamWatch } from '@kith/event-delivery';
import type { Logger } from '@kith/service-kit';
import type pg from 'pg';

const ASK_AGAIN_AFTER_MS = 500;
/** So often a broker that is there may fail to tell: events are not to wait for ever for an error that does not pass. */
const MOST_FAILURES = 60;

/**
 * Starts the relay and the watch over its stream, once the stream has told whether the database is behind it: at once, or
 * when the broker is there. Until then events wait in the outbox.
 */
export async function publishOnceChecked(options: {
  pool: pg.Pool;
  broker: EventBroker;
  log: Logger;
  /** False when the broker cannot tell yet. */
  askStream: () => Promise<boolean>;
}): Promise<Pick<Relay, 'nudge' | 'stop'>> {
  const { pool, broker, log, askStream } = options;
  const stopping = new AbortController();
  const running: Stoppable[] = [];
  let relay: Relay | undefined;
  let failures = 0;

  async function tryOnce(): Promise<boolean> {
    const isChecked = await askStream();
    if (!isChecked && broker.connected) failures += 1;
    if (stopping.signal.aborted || (!isChecked && failures < MOST_FAILURES)) return false;
    relay = startRelay({ pool, broker, source: USER_SOURCE, log });
    running.push(relay, startStreamWatch({ pool, broker, source: USER_SOURCE, stream: USER_STREAM, log }));
    return true;
  }

  async function tryAgain(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(ASK_AGAIN_AFTER_MS, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
      if (await tryOnce()) return;
    }
  }

  const trying = (await tryOnce()) ? Promise.resolve() : tryAgain();
  return {
    nudge: () => relay?.nudge(),
    async stop() {
      stopping.abort();
      await trying;
      for (const each of running.splice(0).reverse()) await each.stop();
    },
  };
}
