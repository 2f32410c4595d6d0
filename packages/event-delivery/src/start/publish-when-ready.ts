import type pg from 'pg';
import type { EventBroker, Stoppable } from '../broker/broker.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { Log } from '../observe/log.ts';
import { type Relay, startRelay } from '../outbox/relay/relay.ts';
import { startStreamWatch } from '../outbox/stream/watch-stream.ts';
import { startWhenItAnswers } from './start-when-it-answers.ts';

/** So often a broker that is there may fail to tell: events are not to wait for ever for an error that does not pass. */
const MOST_FAILURES = 60;

export interface PublishOptions {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  readonly source: string;
  readonly stream: StreamName;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** False: not yet, ask again. */
  readonly beforePublishing?: (() => Promise<boolean>) | undefined;
}

/**
 * Starts the relay and the watch over its stream, once the stream is there, and the service has nothing against it: at
 * once, or when the broker answers. Until then events wait in the outbox.
 */
export async function publishWhenReady(options: PublishOptions): Promise<(Relay & Stoppable) | undefined> {
  const { broker, stream, beforePublishing, signal } = options;
  let failures = 0;
  return startWhenItAnswers(`publishing to ${stream.name}`, begin, options);

  async function begin(): Promise<Relay | undefined> {
    await broker.declareStream(stream);
    if (signal.aborted) return undefined;
    if (beforePublishing && !(await beforePublishing())) {
      if (broker.connected) failures += 1;
      if (failures < MOST_FAILURES) return undefined;
    }
    if (signal.aborted) return undefined;
    const relay = startRelay(options);
    const watch = startStreamWatch(options);
    return {
      nudge: relay.nudge,
      async stop() {
        await watch.stop();
        await relay.stop();
      },
    };
  }
}
