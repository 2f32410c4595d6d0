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

async function differences(
  compared: EventBroker = broker,
  onProgress: () => unknown = () => undefined,
): Promise<string[]> {
  const found: StreamDifference[] = [];
  const onDifference = (difference: StreamDifference) => found.push(difference);
  await compareOutboxWithStream({
    pool: database.pool,
    broker: compared,
    stream: SHOP_STREAM,
    onDifference,
    onProgress,
  });
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

/** By SQL, and to the stream under the numbers that it gives them. */
async function appendMany(count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n) =>
    draftEvent(counted, {
      ...{ eventId: randomUUID(), ownerId: `many-${n % 50}`, revision: Math.floor(n / 50) + 1, occurredAt: new Date() },
      data: { n },
    }),
  );
  await appendToOutbox(database.pool, events);
}

test('in each of many ranges what is missing, strange, under another number or without one is told apart', async () => {
  await appendMany(4_000);
  await publishAll();
  expect(await differences()).toEqual([]);
  const { pool } = database;
  for (const sequence of [5, 2_047, 2_048, 3_999]) await broker.deleteStored(SHOP_STREAM, sequence);
  await pool.query('DELETE FROM outbox WHERE stream_sequence IN (6, 2049)');
  await pool.query('UPDATE outbox SET stream_sequence = NULL WHERE stream_sequence IN (7, 2050, 2048)');
  await pool.query('UPDATE outbox SET stream_sequence = 8 WHERE stream_sequence = 3000');
  const found = (await differences()).map((difference) => difference.replace(/^many-\d+: /, ''));
  expect(found).toEqual([
    'published as number 5, but not in the stream',
    'published as number 2047, but not in the stream',
    'published as number ?, but not in the stream',
    'published as number 3999, but not in the stream',
    'in the stream as number 6, but not in the outbox',
    'in the stream as number 2049, but not in the outbox',
  ]);
});

test('an event that the stream has twice is no difference, nor is one that has gone to the archive', async () => {
  await append('p1', 1);
  await publishAll();
  for await (const { subject, id, payload } of broker.stored(SHOP_STREAM)) {
    await broker.publish([{ subject, id: `${id}#again`, payload: Buffer.from(payload).toString() }]);
  }
  expect(await differences()).toEqual([]);
  await database.pool.query(`
    CREATE TABLE event_archive.all_of_it PARTITION OF event_archive.outbox FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
    WITH old AS (DELETE FROM outbox RETURNING *)
    INSERT INTO event_archive.outbox (id, event_id, owner_id, revision, type, subject, payload, headers, occurred_at,
      published_at, stream_sequence, owner_kind)
    SELECT id, event_id, owner_id, revision, type, subject, payload, headers, occurred_at, published_at,
      stream_sequence, owner_kind FROM old`);
  expect(await differences()).toEqual([]);
});

test('a message that is of no event is named by its number', async () => {
  await broker.publish([{ subject: counted.subject('p'), id: 'what is this', payload: '{}' }]);
  expect(await differences()).toEqual(['p: in the stream as number 1, but not in the outbox']);
});

test('no transaction and no snapshot outlasts a portion: VACUUM is not held back', async () => {
  await appendMany(4_000);
  await publishAll();
  await broker.deleteStored(SHOP_STREAM, 17);
  let [looks, open] = [0, 0];
  const look = async () => {
    looks += 1;
    const { rows } = await database.pool.query(`
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND (xact_start IS NOT NULL OR backend_xmin IS NOT NULL)`);
    open += rows.length;
  };
  const looksAtEachMessage: EventBroker = {
    ...broker,
    async *stored(stream, options) {
      let read = 0;
      for await (const message of broker.stored(stream, options)) {
        if (read++ % 500 === 0) await look();
        yield message;
      }
    },
  };
  expect(await differences(looksAtEachMessage, look)).toHaveLength(1);
  expect(looks).toBeGreaterThan(10);
  expect(open).toBe(0);
});
