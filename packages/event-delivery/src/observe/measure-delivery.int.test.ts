import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import * as prometheus from '@prometheus-io/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventBroker, Stoppable } from '../broker/broker.ts';
import { DEAD_STREAM } from '../broker/durable-names.ts';
import { consume } from '../consumer/consume.ts';
import type { ConsumerDefinition } from '../consumer/try/consumer-definition.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM, shopMessage } from '../contract-tests/shop-events.ts';
import { startInProcessBroker } from '../in-process/in-process-broker.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { reportMetrics } from './report-metrics.ts';

reportMetrics(prometheus);

let database: Awaited<ReturnType<typeof createEventDatabase>>;
let broker: EventBroker;
let running: Stoppable[];
let durable: string;

beforeEach(async () => {
  durable = `counts-${randomUUID()}`;
  running = [];
  database = await createEventDatabase();
  broker = await startInProcessBroker({ pool: database.sessions, log: collectLog() });
  await broker.declareStream(SHOP_STREAM);
  await broker.declareStream(DEAD_STREAM);
});
afterEach(async () => {
  for (const each of running) await each.stop();
  await broker.close();
  await database.drop();
});

async function start(changes: Pick<ConsumerDefinition<typeof counted>, 'handle' | 'handleWithinMs'>) {
  const log = collectLog();
  const consumer = await consume(
    {
      stream: SHOP_STREAM,
      durable,
      contracts: [counted],
      maxAttempts: 3,
      retry: { firstMs: 10, mostMs: 20 },
      whenFromTheFuture: { firstMs: 20, mostMs: 40 },
      ...changes,
    },
    { broker, log },
  );
  running.push(consumer);
  return { consumer, log };
}

/** What the counter of that name says of this consumer, by the rest of its labels. */
async function total(name: string): Promise<Record<string, number>> {
  const { values } = await prometheus.register.getSingleMetric(`kith_consumer_${name}_total`)!.get();
  const own = values.filter(({ labels }) => labels.consumer === durable);
  return Object.fromEntries(own.map(({ labels, value }) => [String(labels.reason ?? ''), value]));
}

test('every time that an event from the future waits is counted, and no try of it', async () => {
  const { consumer, log } = await start({ handle: async () => undefined });
  await broker.publish([shopMessage('p1', 1, { type: 'shop.counted.v2' })]);
  const waited = () => log.lines.filter((line) => line.includes('waits for a newer process')).length;
  await eventually('it has waited again and again', () => waited() >= 3);
  await consumer.stop();
  expect([await total('future_events'), await total('retries'), await total('dead_letters')]).toEqual([
    { '': waited() },
    {},
    {},
  ]);
});

test('tries whose time was up are counted apart, and their event by the reason of its death', async () => {
  await start({ handle: () => new Promise(() => undefined), handleWithinMs: 20 });
  await broker.publish([shopMessage('p1', 1)]);
  await eventually('it is dead', async () => Object.keys(await total('dead_letters')).length > 0);
  expect([await total('handler_timeouts'), await total('retries'), await total('dead_letters')]).toEqual([
    { '': 3 },
    { '': 2 },
    { HANDLER_TIMED_OUT: 1 },
  ]);
});

test('a failure that is no timeout is counted as none', async () => {
  await start({
    async handle() {
      throw new RangeError('no');
    },
  });
  await broker.publish([shopMessage('p1', 1)]);
  await eventually('it is dead', async () => Object.keys(await total('dead_letters')).length > 0);
  expect([await total('handler_timeouts'), await total('retries'), await total('dead_letters')]).toEqual([
    {},
    { '': 2 },
    { RangeError: 1 },
  ]);
});
