import { randomUUID } from 'node:crypto';
import { type ChildServer, eventually, freePort, natsUrl, startNats } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { consume } from '../consumer/consume.ts';
import { handleOnce } from '../consumer/handle-once.ts';
import { replay } from '../consumer/replay.ts';
import { defineConsumer } from '../consumer/try/consumer-definition.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../contract-tests/shop-events.ts';
import { appendToOutbox } from '../outbox/append-to-outbox.ts';
import { draftEvent } from '../outbox/draft-event.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { connectBroker } from './connect-broker.ts';
import { deliverEvents } from './deliver-events.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
let port: number;
let nats: ChildServer | undefined;
let stops: (() => Promise<unknown>)[];
beforeEach(async () => {
  [database, port] = await Promise.all([createEventDatabase(), freePort()]);
  nats = undefined;
  stops = [];
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  await Promise.all([database.drop(), nats?.stop()]);
});

const startServer = async () => {
  nats = await startNats({ port });
};
async function broker() {
  const connected = await connectBroker({
    eventBus: 'jetstream',
    natsUrl: natsUrl(port, 'kith'),
    name: 'test',
    log: collectLog(),
  });
  stops.push(() => connected.close());
  return connected;
}
const append = (...revisions: number[]) =>
  appendToOutbox(
    database.pool,
    revisions.map((revision) => {
      const about = { eventId: randomUUID(), ownerId: 'p', revision, occurredAt: new Date(), data: { n: revision } };
      return draftEvent(counted, about);
    }),
  );
const taking = (durable: string, seen: number[]) =>
  defineConsumer({
    stream: SHOP_STREAM,
    durable,
    contracts: [counted],
    handle: async (event) => void seen.push(event.data.n),
  });

test('while the broker is away it starts, says so, and catches up', async () => {
  const seen: number[] = [];
  const log = collectLog();
  const delivery = await deliverEvents({
    pool: database.pool,
    broker: await broker(),
    source: 'shop/test',
    stream: SHOP_STREAM,
    consumers: [taking('late', seen)],
    log,
  });
  stops.push(() => delivery.stop());
  await append(1, 2);
  delivery.nudge();
  expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([
    'warn: the broker does not answer: events wait in the outbox, and consumers begin when it does',
  ]);
  await startServer();
  await delivery.started;
  await eventually('all is handled', () => seen.length === 2);
  expect(seen).toEqual([1, 2]);
  await eventually('it says so', () => log.lines.includes('info: events are delivered now'));
});

test('it can be stopped while the broker is away, and nothing starts afterwards', async () => {
  const seen: number[] = [];
  const connected = await broker();
  const consumers = [taking('never', seen)];
  const options = {
    pool: database.pool,
    broker: connected,
    source: 'shop/test',
    stream: SHOP_STREAM,
    log: collectLog(),
  };
  const delivery = await deliverEvents({ ...options, consumers });
  await append(1);
  await delivery.stop();
  await startServer();
  await eventually('the broker is there', () => connected.connected);
  await delivery.started;
  const { rows } = await database.pool.query('SELECT FROM outbox WHERE published_at IS NULL');
  expect([rows.length, seen]).toEqual([1, []]);
});

test('nothing is published or consumed before the service has nothing against it', async () => {
  await startServer();
  const seen: number[] = [];
  let asked = 0;
  let ready = false;
  const delivery = await deliverEvents({
    pool: database.pool,
    broker: await broker(),
    source: 'shop/test',
    stream: SHOP_STREAM,
    consumers: [taking('patient', seen)],
    async beforePublishing() {
      asked += 1;
      return ready;
    },
    log: collectLog(),
  });
  stops.push(() => delivery.stop());
  await append(1);
  await eventually('it is asked again', () => asked > 2);
  expect((await database.pool.query('SELECT FROM outbox WHERE published_at IS NULL')).rowCount).toBe(1);
  ready = true;
  await eventually('it is handled', () => seen.length === 1);
});

test('a pure consumer needs neither stream, outbox nor database of its own', async () => {
  await startServer();
  const connected = await broker();
  const publisher = { pool: database.pool, source: 'shop/test', stream: SHOP_STREAM, log: collectLog() };
  const publishing = await deliverEvents({ ...publisher, broker: connected });
  stops.push(() => publishing.stop());
  const seen: number[] = [];
  const consumers = [taking('pure', seen)];
  const delivery = await deliverEvents({ broker: connected, source: 'shop/pure', consumers, log: collectLog() });
  stops.push(() => delivery.stop());
  delivery.nudge();
  await append(1);
  await eventually('it is handled', () => seen.length === 1);
  const { streams } = await connected.status();
  expect(streams.map(({ name }) => name).sort()).toEqual(['DEAD', 'SHOP']);
});

test('a durable of another service, and one name for two consumers, are refused with all that had started', async () => {
  await startServer();
  const connected = await broker();
  await connected.declareStream(SHOP_STREAM);
  const theirs = await consume(taking('theirs', []), { broker: connected, log: collectLog(), service: 'shop/other' });
  stops.push(() => theirs.stop());
  const options = {
    pool: database.pool,
    broker: connected,
    source: 'shop/test',
    stream: SHOP_STREAM,
    log: collectLog(),
  };
  await expect(deliverEvents({ ...options, consumers: [taking('theirs', [])] })).rejects.toMatchObject({
    code: 'DURABLE_TAKEN',
    message: expect.stringMatching(/theirs .* shop\/other: shop\/test needs/),
  });
  const twice = [taking('twice', []), taking('twice', [])];
  await expect(deliverEvents({ ...options, consumers: twice })).rejects.toMatchObject({ code: 'DURABLE_TAKEN' });
  await append(1);
  const { rows } = await database.pool.query('SELECT FROM outbox WHERE published_at IS NULL');
  expect(rows).toHaveLength(1);
});

test('an inbox that keeps envelopes has them as they came, once each, to be replayed in their order', async () => {
  await startServer();
  const { pool } = database;
  let effects = 0;
  const count = async () => {
    effects += 1;
  };
  const once = handleOnce<{ id: string }>(pool, 'keeper', count, { keepsEnvelope: true });
  const keeper = defineConsumer({ stream: SHOP_STREAM, durable: 'keeper', contracts: [counted], handle: once });
  const connected = await broker();
  const options = { pool, broker: connected, source: 'shop/test', stream: SHOP_STREAM, log: collectLog() };
  const delivery = await deliverEvents({ ...options, consumers: [keeper] });
  stops.push(() => delivery.stop());
  await append(1, 2, 3);
  await eventually('all are handled', () => effects === 3);
  await pool.query('UPDATE outbox SET published_at = NULL, headers = headers || \'{"republished":"x"}\'');
  await append(4);
  await eventually('they have come again', async () => {
    const { rows } = await pool.query('SELECT FROM inbox');
    return rows.length === 4;
  });
  const { rows } = await pool.query(
    "SELECT envelope::jsonb ->> 'source' AS source, event_id::text = envelope::jsonb ->> 'id' AS same FROM inbox",
  );
  expect([effects, rows]).toEqual([4, Array.from({ length: 4 }, () => ({ source: 'shop/test', same: true }))]);

  const replayed: number[] = [];
  const handle = async (event: { data: { n: number } }) => void replayed.push(event.data.n);
  expect(await replay({ pool, consumer: 'keeper', contracts: [counted] }, handle)).toBe(4);
  expect(await replay({ pool, consumer: 'keeper', contracts: [counted], ownerId: 'nobody' }, handle)).toBe(0);
  expect(await replay({ pool, consumer: 'keeper', contracts: [counted], until: new Date(0) }, handle)).toBe(0);
  expect(replayed).toEqual([1, 2, 3, 4]);
  await expect(once({ id: randomUUID() })).rejects.toMatchObject({ code: 'NOTHING_TO_KEEP' });
});
