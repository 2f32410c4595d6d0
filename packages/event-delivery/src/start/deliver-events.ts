import type pg from 'pg';
import type { EventBroker, Stoppable } from '../broker/broker.ts';
import { consume } from '../consumer/consume.ts';
import type { ConsumerDefinition } from '../consumer/try/consumer-definition.ts';
import type { EventContract } from '../envelope/event-contract.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { Log } from '../observe/log.ts';
import { type Relay, startRelay } from '../outbox/relay/relay.ts';
import { type Retention, startJanitor } from '../outbox/remove-old-rows.ts';
import { startStreamWatch } from '../outbox/stream/watch-stream.ts';

export interface DeliverOptions {
  /** Of the database that holds the service's state, and the tables of event-tables.sql beside it. */
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  /** CloudEvents `source` of what this service publishes. */
  readonly source: string;
  /** Where it publishes. */
  readonly stream: StreamName;
  /** Each handles other services' events, or its own. */
  // biome-ignore lint/suspicious/noExplicitAny: a list of consumers of different contracts has no closer type.
  readonly consumers?: readonly ConsumerDefinition<any>[];
  readonly retention?: Retention;
  readonly log: Log;
}

/** All that a service needs in one call: its stream, relay, janitor and consumers. Stops them in reverse. */
export async function deliverEvents(options: DeliverOptions): Promise<Pick<Relay, 'nudge' | 'stop'>> {
  const { pool, broker, source, stream, consumers = [], retention = {}, log } = options;
  await broker.declareStream(stream);
  const running: Stoppable[] = [];
  const stop = async () => {
    for (const each of running.splice(0).reverse()) await each.stop();
  };
  try {
    const relay = startRelay({ pool, broker, source, log });
    running.push(relay, startJanitor({ pool, log, ...retention }));
    running.push(startStreamWatch({ pool, broker, source, stream, log }));
    for (const consumer of consumers as readonly ConsumerDefinition<EventContract>[]) {
      running.push(await consume(consumer, { broker, log }));
    }
    return { nudge: () => relay.nudge(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
