import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { EventBroker, Stoppable } from '../broker/broker.ts';
import { DurableTaken } from '../broker/durable-taken.ts';
import { consume } from '../consumer/consume.ts';
import type { ConsumerDefinition } from '../consumer/try/consumer-definition.ts';
import type { EventContract } from '../envelope/event-contract.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { Log } from '../observe/log.ts';
import type { Relay } from '../outbox/relay/relay.ts';
import { type Retention, startJanitor } from '../outbox/remove-old-rows.ts';
import { publishWhenReady } from './publish-when-ready.ts';
import { startWhenItAnswers } from './start-when-it-answers.ts';

/** A broker that is there answers much faster: who awaits the start may publish and be heard right after it. */
const WAIT_AT_MOST_MS = 1_000;

interface Delivering {
  readonly broker: EventBroker;
  /** The service: CloudEvents `source` of what it publishes, and whose its durables are. `shop/orders`. */
  readonly source: string;
  /** Each handles other services' events, or its own. */
  // biome-ignore lint/suspicious/noExplicitAny: a list of consumers of different contracts has no closer type.
  readonly consumers?: readonly ConsumerDefinition<any>[];
  readonly retention?: Retention;
  readonly log: Log;
  /** Told of what no time mends (DurableTaken) when that shows only after the start; the log is told too. */
  readonly onFailed?: (error: Error) => void;
}

export interface DeliverOptions extends Delivering {
  /** Of the database that holds the service's state, and the tables of event-tables.sql beside it. */
  readonly pool: pg.Pool;
  /** Where it publishes. */
  readonly stream: StreamName;
  /** Asked once the stream is there, before anything is published or consumed; false: not yet, ask again. */
  readonly beforePublishing?: () => Promise<boolean>;
}

/** A pure consumer: it has no events of its own, and no stream, and a database only for an inbox. */
export interface OnlyConsumeOptions extends Delivering {
  readonly pool?: pg.Pool;
  readonly stream?: undefined;
  readonly beforePublishing?: undefined;
}

export interface RunningDelivery extends Pick<Relay, 'nudge' | 'stop'> {
  /** Resolves when everything runs: while the broker is away, not before it answers. Rejects with DurableTaken. */
  readonly started: Promise<void>;
}

/**
 * All that a service needs in one call (lifecycle): its stream, relay, janitor and consumers; stops them in reverse. While
 * the broker is away it starts all the same: events wait in the outbox, consumers begin when it answers, and the log says
 * both. `source` must be the same in all instances of a service, and no other's.
 *
 * @throws {DurableTaken} when another service consumes by a durable of that name, or two of these consumers share one
 */
export function deliverEvents(options: OnlyConsumeOptions): Promise<RunningDelivery>;
export function deliverEvents(options: DeliverOptions): Promise<RunningDelivery>;
export async function deliverEvents(options: DeliverOptions | OnlyConsumeOptions): Promise<RunningDelivery> {
  const { pool, broker, source, stream, consumers = [], retention = {}, log } = options;
  refuseSharedNames(consumers, source);
  const stopping = new AbortController();
  const { signal } = stopping;
  // While the broker is away each part waits by it, however many consumers there are.
  setMaxListeners(0, signal);
  const running: Stoppable[] = [];
  let relay: Relay | undefined;

  /** What starts after the stop is stopped at once. */
  const keep = async (started: Stoppable | undefined) => {
    if (started && signal.aborted) await started.stop();
    else if (started) running.push(started);
  };
  async function publish(): Promise<void> {
    if (!stream) return;
    relay = await publishWhenReady({ ...options, signal });
    await keep(relay);
  }
  const begin = async (consumer: ConsumerDefinition<EventContract>) =>
    keep(
      await startWhenItAnswers(consumer.durable, () => consume(consumer, { broker, log, service: source }), {
        log,
        signal,
      }),
    );

  if (pool) running.push(startJanitor({ pool, log, hasOutbox: stream !== undefined, ...retention }));
  const published = publish();
  const starting = consumers.map(async (consumer) => {
    await published;
    await begin(consumer);
  });
  const started = Promise.all([published, ...starting]).then(() => undefined);
  const stop = async () => {
    stopping.abort();
    for (const each of running.splice(0).reverse()) await each.stop();
  };
  const late = await startsInTime(started, options).catch(async (error) => {
    await stop();
    throw error;
  });
  if (late) for (const each of starting) each.catch((error) => tellFailure(error, options));
  return { nudge: () => relay?.nudge(), started, stop };
}

/** Whether it is still starting after the time that is waited for it. */
async function startsInTime(started: Promise<void>, { broker, log, source }: Delivering): Promise<boolean> {
  const waited = new AbortController();
  const waitMs = broker.connected ? WAIT_AT_MOST_MS : 0;
  const late = sleep(waitMs, true, { signal: waited.signal }).catch(() => false);
  try {
    if (!(await Promise.race([started.then(() => false), late]))) return false;
  } finally {
    waited.abort();
  }
  log.warn({ source }, 'the broker does not answer: events wait in the outbox, and consumers begin when it does');
  started.then(
    () => log.info({ source }, 'events are delivered now'),
    () => undefined,
  );
  return true;
}

function tellFailure(error: Error, { log, onFailed, source }: Delivering): void {
  log.error({ source, error: String(error) }, 'a part of event delivery does not start, and will not');
  onFailed?.(error);
}

function refuseSharedNames(consumers: readonly ConsumerDefinition<EventContract>[], source: string): void {
  const seen = new Set<string>();
  for (const { durable, stream } of consumers) {
    if (seen.has(durable)) throw new DurableTaken({ stream: stream.name, durable, by: source, service: source });
    seen.add(durable);
  }
}
