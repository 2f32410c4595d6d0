import { randomUUID } from 'node:crypto';
import { type ChildServer, eventually, startNats } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventBroker } from '../../broker/broker.ts';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../../contract-tests/shop-events.ts';
import { connectJetStream } from '../../jetstream/jetstream-broker.ts';
import { createEventDatabase } from '../../testing/create-event-database.ts';
import { appendToOutbox } from '../append-to-outbox.ts';
import { draftEvent } from '../draft-event.ts';
import { startRelay } from '../relay/relay.ts';
import { compareOutboxWithStream, type StreamDifference } from './compare-outbox-with-stream.ts';

let nats: ChildServer;
let broker: EventBroker;
let database: Awaited<ReturnType<typeof createEventDatabase>>;

beforeEach(async () => {
  [nats, database] = await Promise.all([startNats(), createEventDatabase()]);
  broker = await connectJetStream({ servers: nats.url, name: 'test', log: collectLog() });
  await broker.declareStream(SHOP_STREAM);
});
afterEach(async () => {
  await broker.close();
  await Promise.all([database.drop(), nats.stop()]);
});

const append = (ownerId: string, revision: number) => {
  const event = { eventId: randomUUID(), ownerId, revision, occurredAt: new Date(), data: { n: revision } };
  return appendToOutbox(database.pool, [draftEvent(counted, event)]);
};

async function publishAll(): Promise<void> {
  const relay = startRelay({ pool: database.pool, broker, source: 'shop/test', log: collectLog() });
  await eventually('all is published', async () => {
    const { rows } = await database.pool.query('SELECT FROM outbox WHERE published_at IS NULL');
    return rows.length === 0;
  });
  await relay.stop();
}

async function differences(compared: EventBroker = broker): Promise<string[]> {
  const found: StreamDifference[] = [];
  const onDifference = (difference: StreamDifference) => found.push(difference);
  await compareOutboxWithStream({ pool: database.pool, broker: compared, stream: SHOP_STREAM, onDifference });
  return found.map(({ owner, detail }) => `${owner}: ${detail}`);
}

test('what is published while the stream is being read is no difference', async () => {
  await append('p1', 1);
  await publishAll();
  await append('p2', 1);
  const publishesBehindTheReader: EventBroker = {
    ...broker,
    async *stored(stream) {
      yield* broker.stored(stream);
      await publishAll();
    },
  };
  expect(await differences(publishesBehindTheReader)).toEqual([]);
  expect(await differences()).toEqual([]);
});

test('what one side has and the other has not is named', async () => {
  for (const owner of ['p1', 'p2', 'p3']) await append(owner, 1);
  await publishAll();
  expect(await differences()).toEqual([]);
  await broker.deleteStored(SHOP_STREAM, 3);
  await database.pool.query("DELETE FROM outbox WHERE owner_id = 'p2'");
  await append('p4', 1);
  await database.pool.query("UPDATE outbox SET occurred_at = now() - interval '20 seconds' WHERE owner_id = 'p4'");
  expect(await differences()).toEqual([
    'p3: published as number 3, but not in the stream',
    'p4: not published after 20 s',
    'p2: in the stream as number 2, but not in the outbox',
  ]);
});

test('what the stream has dropped by age is no difference, and all that a lost stream held is one', async () => {
  for (const owner of ['p1', 'p2']) await append(owner, 1);
  await publishAll();
  await broker.deleteStored(SHOP_STREAM, 1);
  expect(await differences()).toEqual([]);
  await broker.deleteStored(SHOP_STREAM, 2);
  expect(await differences()).toEqual([]);
  await nats.stop();
  nats = await startNats({ port: nats.port });
  await broker.declareStream(SHOP_STREAM);
  expect(await differences()).toEqual([
    'p1: published as number 1, but not in the stream',
    'p2: published as number 2, but not in the stream',
  ]);
});
