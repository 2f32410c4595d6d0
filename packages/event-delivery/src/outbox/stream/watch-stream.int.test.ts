// Longer than other files: one table of all the ways in which a stream loses events, and the world that they are tried in.

import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildServer, eventually, startNats } from '@kith/local-servers';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import * as prometheus from '@prometheus-io/client';
import { connect, nanos } from 'nats';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventBroker, Stoppable } from '../../broker/broker.ts';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../../contract-tests/shop-events.ts';
import { startInProcessBroker } from '../../in-process/in-process-broker.ts';
import { natsOptions } from '../../jetstream/connection/read-nats-url.ts';
import { connectJetStream } from '../../jetstream/jetstream-broker.ts';
import { reportMetrics } from '../../observe/report-metrics.ts';
import { createEventDatabase } from '../../testing/create-event-database.ts';
import { appendToOutbox } from '../append-to-outbox.ts';
import { draftEvent } from '../draft-event.ts';
import { startRelay } from '../relay/relay.ts';
import { compareOutboxWithStream } from './compare-outbox-with-stream.ts';
import { lookAtStream, startStreamWatch } from './watch-stream.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
let running: Stoppable[];
const log = collectLog();

reportMetrics(prometheus);
beforeEach(async () => {
  database = await createEventDatabase();
  running = [];
});
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
  await database.drop();
});

/** Some looks of the watch. */
const LOOKS_MS = 300;

let revision = 0;
async function append(events: number, ownerId = 'p1'): Promise<number[]> {
  const revisions = Array.from({ length: events }, () => ++revision);
  for (const each of revisions) {
    const event = { eventId: randomUUID(), ownerId, revision: each, occurredAt: new Date(), data: { n: each } };
    await appendToOutbox(database.pool, [draftEvent(counted, event)]);
  }
  return revisions;
}

async function allIsPublished(): Promise<void> {
  await eventually('all is published', async () => {
    const { rows } = await database.pool.query('SELECT FROM outbox WHERE published_at IS NULL');
    return rows.length === 0;
  });
}

function service(broker: EventBroker): Stoppable {
  const options = { pool: database.pool, broker, source: 'shop/test', log };
  const parts = [startRelay(options), startStreamWatch({ ...options, stream: SHOP_STREAM, everyMs: 50 })];
  const stop = async () => void (await Promise.all(parts.map((part) => part.stop())));
  running.push({ stop });
  return { stop };
}

function consumer(broker: EventBroker): { had: number[] } & Stoppable {
  const had: number[] = [];
  const subscription = broker.subscribe({
    stream: SHOP_STREAM,
    durable: 'counter',
    maxUnacked: 100,
    onDelivery(delivery) {
      had.push(JSON.parse(Buffer.from(delivery.payload).toString()).data.n);
      delivery.ack();
    },
  });
  running.push(subscription);
  return { had, stop: () => subscription.stop() };
}

const has = (consumed: { had: number[] }, revisions: number[]) => () =>
  revisions.every((each) => consumed.had.includes(each));

/** What was had, and how far, is written down at the next look. */
async function hadIsKnown(broker: EventBroker): Promise<void> {
  await eventually('the watch knows what was had', async () => {
    const { rows } = await database.pool.query('SELECT last_sequence, had_through FROM stream_position');
    const { streams } = await broker.status();
    const last = streams.find(({ name }) => name === SHOP_STREAM.name)?.lastSequence;
    return last !== undefined && Number(rows[0]?.last_sequence) === last && rows[0].had_through.counter === last;
  });
}

async function differences(broker: EventBroker): Promise<number> {
  let found = 0;
  const onDifference = () => void found++;
  await compareOutboxWithStream({ pool: database.pool, broker, stream: SHOP_STREAM, onDifference });
  return found;
}

const countedSoFar = async (reason: string) => {
  const { values } = await prometheus.register.getSingleMetric('kith_outbox_republished_total')!.get();
  return values.filter(({ labels }) => labels.reason === reason).reduce((sum, { value }) => sum + value, 0);
};

interface World {
  broker: EventBroker;
  jsm: JetStreamManager;
  dataFolder: string;
  restart(whileAway?: () => Promise<void>): Promise<void>;
}

async function aWorldWithNats(): Promise<World> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kith-watch-'));
  let server: ChildServer = await startNats({ dataFolder });
  const { port } = server;
  const broker = await connectJetStream({ servers: server.url, name: 'test', log });
  const nc = await connect({ ...natsOptions(server.url), maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  const jsm = await jetstreamManager(nc);
  await broker.declareStream(SHOP_STREAM);
  running.push({
    async stop() {
      await nc.close();
      await broker.close();
      await server.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  });
  return {
    broker,
    jsm,
    dataFolder,
    async restart(whileAway) {
      await server.stop();
      await whileAway?.();
      server = await startNats({ dataFolder, port });
      await eventually('the broker is back', () => broker.connected);
    },
  };
}

/** A tenth of a second is too old for a moment: all that is there goes. */
async function ageOut(jsm: JetStreamManager, broker: EventBroker): Promise<void> {
  const [stream] = (await jsm.streams.list().next()).filter(({ config }) => config.name === SHOP_STREAM.name);
  const { max_age, duplicate_window } = stream!.config;
  const short = nanos(100);
  await jsm.streams.update(SHOP_STREAM.name, { max_age: short, duplicate_window: short });
  await eventually('all is too old', async () => {
    const { streams } = await broker.status();
    return streams.find(({ name }) => name === SHOP_STREAM.name)?.messages === 0;
  });
  await jsm.streams.update(SHOP_STREAM.name, { max_age, duplicate_window });
}

const loses: [string, 'another-stream' | 'older-stream' | 'cut', (world: World, copy: string) => Promise<unknown>][] = [
  [
    'its folder is deleted',
    'another-stream',
    ({ restart, dataFolder }) => restart(() => rm(dataFolder, { recursive: true })),
  ],
  ['it is deleted', 'another-stream', ({ jsm }) => jsm.streams.delete(SHOP_STREAM.name)],
  ['it is purged', 'cut', ({ jsm }) => jsm.streams.purge(SHOP_STREAM.name)],
  ['one subject is purged', 'cut', ({ jsm }) => jsm.streams.purge(SHOP_STREAM.name, { filter: counted.subject('p1') })],
  ['its oldest are purged', 'cut', ({ jsm }) => jsm.streams.purge(SHOP_STREAM.name, { keep: 2 })],
  ['max_msgs cuts it', 'cut', ({ jsm }) => jsm.streams.update(SHOP_STREAM.name, { max_msgs: 2 })],
  ['max_bytes cuts it', 'cut', ({ jsm }) => jsm.streams.update(SHOP_STREAM.name, { max_bytes: 1_000 })],
  ['max_age cuts it', 'cut', ({ jsm, broker }) => ageOut(jsm, broker)],
  [
    'an older copy is put in its place',
    'older-stream',
    ({ restart, dataFolder }, copy) =>
      restart(async () => {
        await rm(dataFolder, { recursive: true });
        await cp(copy, dataFolder, { recursive: true });
      }),
  ],
];

test.each(loses)('when %s, a consumer gets what it had not had', async (_, reason, lose) => {
  const world = await aWorldWithNats();
  const { broker, dataFolder, restart } = world;
  service(broker);
  const first = consumer(broker);
  const early = await append(3);
  await eventually('the first are had', has(first, early));
  await hadIsKnown(broker);
  const copy = await mkdtemp(join(tmpdir(), 'kith-watch-copy-'));
  await restart(() => cp(dataFolder, copy, { recursive: true }));
  await first.stop();
  const before = await countedSoFar(reason);
  const late = await append(7);
  await allIsPublished();
  await eventually('the watch has seen them', async () => {
    const { rows } = await database.pool.query('SELECT last_sequence FROM stream_position');
    return Number(rows[0].last_sequence) >= 10;
  });
  await lose(world, copy);
  await rm(copy, { recursive: true });
  const next = await append(1);
  const second = consumer(broker);
  await eventually('nothing is missing', has(second, [...late, ...next]));
  await allIsPublished();
  // A consumer may have an event before whoever published it has counted it.
  await eventually('it is counted', async () => (await countedSoFar(reason)) > before);
  await eventually('it comes to rest', async () => {
    const afterwards = await countedSoFar(reason);
    await hadIsKnown(broker);
    await new Promise((resolve) => setTimeout(resolve, LOOKS_MS));
    return (await countedSoFar(reason)) === afterwards;
  });
});

test('a service that was away meanwhile finds at its start that the stream was lost, and nothing differs afterwards', async () => {
  const { broker, restart, dataFolder } = await aWorldWithNats();
  const away = service(broker);
  await append(5);
  await allIsPublished();
  await eventually('it knows the stream', async () => {
    const { rows } = await database.pool.query('SELECT * FROM stream_position');
    const { streams } = await broker.status();
    // An event may be published twice when its acknowledgement comes late.
    const last = streams[0]?.lastSequence ?? 0;
    if (last < 5 || Number(rows[0]?.last_sequence) !== last) throw new Error(JSON.stringify({ rows, streams }));
    return true;
  });
  await away.stop();
  await restart(() => rm(dataFolder, { recursive: true }));
  service(broker);
  await eventually('all is there again', async () => (await broker.status()).streams[0]?.messages === 5);
  await allIsPublished();
  expect(await differences(broker)).toBe(0);
  const { had } = consumer(broker);
  await eventually('all is had', () => had.length === 5);
  expect(had).toEqual([...had].sort((a, b) => a - b));
});

test('what a stream drops that everybody has had is not published again', async () => {
  const { broker, jsm } = await aWorldWithNats();
  service(broker);
  const all = consumer(broker);
  await eventually('all is had', has(all, await append(5)));
  await hadIsKnown(broker);
  const before = await countedSoFar('cut');
  await jsm.streams.purge(SHOP_STREAM.name);
  await eventually('one more is had', has(all, await append(1)));
  await hadIsKnown(broker);
  expect(await countedSoFar('cut')).toBe(before);
  expect((await broker.status()).streams[0]?.messages).toBe(1);
});

test.each([
  ['cut at its limit', 'cut', async () => undefined],
  ['lost with its storage', 'another-stream', ({ jsm }: World) => jsm.streams.delete(SHOP_STREAM.name)],
] as const)(
  'much more than a stream can hold, %s, is had in the end, and then nothing is published again',
  async (_, reason, lose) => {
    const world = await aWorldWithNats();
    const { broker, jsm } = world;
    const limit = () => jsm.streams.update(SHOP_STREAM.name, { max_msgs: 8 });
    const before = service(broker);
    const first = consumer(broker);
    await eventually('the first are had', has(first, await append(3)));
    await hadIsKnown(broker);
    await first.stop();
    await limit();
    const late = await append(60);
    await allIsPublished();
    await before.stop();
    await lose(world);
    if (reason === 'another-stream') await broker.declareStream(SHOP_STREAM);
    await limit();
    const { had } = consumer(broker);
    service(broker);
    await eventually('nothing is missing', has({ had }, late), { withinMs: 60_000 });
    const { length } = had;
    await eventually('nothing is owed', async () => {
      const { rows } = await database.pool.query('SELECT FROM outbox WHERE stream_sequence < 0');
      return rows.length === 0;
    });
    await hadIsKnown(broker);
    await new Promise((resolve) => setTimeout(resolve, LOOKS_MS));
    expect(had.length - length).toBeLessThan(60);
    expect(had.length).toBeLessThan(3 * 63);
  },
);

test.each([
  ['all its tables', 'event_bus.stream, event_bus.message, event_bus.consumer'],
  ['its messages', 'event_bus.message'],
  ['its streams', 'event_bus.stream, event_bus.message'],
])('when the bus inside the process has lost %s, a consumer gets what it had not had', async (_, tables) => {
  let broker = await startInProcessBroker({ pool: database.sessions, log });
  await broker.declareStream(SHOP_STREAM);
  const before = service(broker);
  const first = consumer(broker);
  await eventually('the first are had', has(first, await append(3)));
  await hadIsKnown(broker);
  await first.stop();
  const late = await append(4);
  await allIsPublished();
  await before.stop();
  await broker.close();
  await database.pool.query(`TRUNCATE ${tables}`);
  broker = await startInProcessBroker({ pool: database.sessions, log });
  running.unshift({ stop: () => broker.close() });
  await broker.declareStream(SHOP_STREAM);
  service(broker);
  const next = await append(1);
  await eventually('nothing is missing', has(consumer(broker), [...late, ...next]));
});

test('what is published while the stream is looked at is not taken for lost', async () => {
  const { broker } = await aWorldWithNats();
  const options = { pool: database.pool, broker, source: 'shop/test', log, stream: SHOP_STREAM };
  running.push(startRelay(options));
  await append(2);
  await allIsPublished();
  await lookAtStream(options);
  const before = await countedSoFar('older-stream');
  const slow: EventBroker = Object.assign(Object.create(broker), {
    async status() {
      const status = await broker.status();
      await append(2);
      await allIsPublished();
      return status;
    },
  });
  await lookAtStream({ ...options, broker: slow });
  expect(await countedSoFar('older-stream')).toBe(before);
});

/** What the stream holds: the `n` of each event. */
async function storedNow(broker: EventBroker): Promise<number[]> {
  const revisions: number[] = [];
  for await (const { payload } of broker.stored(SHOP_STREAM)) {
    revisions.push(JSON.parse(Buffer.from(payload).toString()).data.n);
  }
  return revisions;
}

test.each([
  ['one in the middle', [3]],
  ['several, and the last', [2, 4, 6]],
])('acknowledged messages that were removed are published again, though nobody waits for them: %s', async (_, gone) => {
  const { broker, jsm } = await aWorldWithNats();
  service(broker);
  const all = consumer(broker);
  const revisions = await append(6);
  await eventually('all is had', has(all, revisions));
  await hadIsKnown(broker);
  const before = await countedSoFar('hole');
  for (const sequence of gone) await jsm.streams.deleteMessage(SHOP_STREAM.name, sequence);
  await eventually('all is there again', async () => {
    const stored = await storedNow(broker);
    return revisions.every((each) => stored.includes(each));
  });
  await allIsPublished();
  await eventually('it is counted', async () => (await countedSoFar('hole')) - before === gone.length);
  await hadIsKnown(broker);
  expect(await differences(broker)).toBe(0);
});

test('events whose numbers others were given, as by a new leader that never had them, are published again once', async () => {
  const { broker, restart, dataFolder } = await aWorldWithNats();
  const away = service(broker);
  const first = consumer(broker);
  await eventually('the first are had', has(first, await append(3)));
  await hadIsKnown(broker);
  await first.stop();
  const copy = await mkdtemp(join(tmpdir(), 'kith-watch-copy-'));
  await restart(() => cp(dataFolder, copy, { recursive: true }));
  const lost = await append(3);
  await allIsPublished();
  await eventually('the watch has seen them', async () => {
    const { rows } = await database.pool.query('SELECT last_sequence FROM stream_position');
    return Number(rows[0].last_sequence) >= 6;
  });
  await away.stop();
  await restart(async () => {
    await rm(dataFolder, { recursive: true });
    await cp(copy, dataFolder, { recursive: true });
  });
  await rm(copy, { recursive: true });
  // The relay alone: the stream has as many messages as before when it is looked at.
  const relay = startRelay({ pool: database.pool, broker, source: 'shop/test', log });
  const inTheirPlace = await append(4);
  await allIsPublished();
  await relay.stop();
  const before = await countedSoFar('hole');
  service(broker);
  const second = consumer(broker);
  await eventually('nothing is missing', has(second, [...lost, ...inTheirPlace]));
  // Three that are lost, and three that stand where a consumer may have had the lost ones.
  await eventually('it is counted', async () => (await countedSoFar('hole')) - before === 6);
  await allIsPublished();
  await hadIsKnown(broker);
  await new Promise((resolve) => setTimeout(resolve, LOOKS_MS));
  expect((await countedSoFar('hole')) - before).toBe(6);
  expect(await differences(broker)).toBe(0);
});

test('where a stream keeps the last message of a subject alone, what it drops is not published again for ever', async () => {
  const { broker, jsm } = await aWorldWithNats();
  await jsm.streams.update(SHOP_STREAM.name, { max_msgs_per_subject: 1 });
  service(broker);
  const all = consumer(broker);
  // The other owner's stays for good, so that there is something before what goes.
  for (const ownerId of ['p2', 'p1', 'p1', 'p1']) {
    await eventually('it is had', has(all, await append(1, ownerId)));
  }
  await hadIsKnown(broker);
  const before = await countedSoFar('hole');
  await new Promise((resolve) => setTimeout(resolve, LOOKS_MS));
  expect(await countedSoFar('hole')).toBe(before);
});
