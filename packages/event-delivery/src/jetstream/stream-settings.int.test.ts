import { randomBytes } from 'node:crypto';
import { type NatsServer, startNats } from '@kith/local-servers';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectToServer, type NatsConnection, nanos } from 'nats';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { StreamSettings } from '../broker/stream-settings.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { natsOptions } from './connection/read-nats-url.ts';
import { connectJetStream } from './jetstream-broker.ts';

const DAY_MS = 86_400_000;
const MEBIBYTE = 2 ** 20;

let nats: NatsServer;
let nc: NatsConnection;
let jsm: JetStreamManager;
beforeAll(async () => {
  nats = await startNats();
  nc = await connectToServer(natsOptions(nats.url));
  jsm = await jetstreamManager(nc);
});
afterAll(async () => {
  await nc.close();
  await nats.stop();
});

const aStream = (keep?: 'forever'): StreamName => {
  const name = `S${randomBytes(4).toString('hex')}`;
  return { name, subjects: [`${name}.>`], ...(keep && { keep }) };
};

async function connect(streams: StreamSettings) {
  const log = collectLog();
  const broker = await connectJetStream({ servers: nats.url, name: 'test', log, streams });
  onTestFinished(() => broker.close());
  return { broker, log, warnings: () => log.lines.filter((line) => line.startsWith('warn')) };
}

const settingsOf = async ({ name }: StreamName) => {
  const { max_age, max_bytes, num_replicas, duplicate_window, subjects, discard } = (await jsm.streams.info(name))
    .config;
  return { max_age, max_bytes, num_replicas, duplicate_window, subjects, discard };
};

test('a new stream is made as configured; one for ever neither ages nor fills up', async () => {
  const { broker } = await connect({ replicas: 1, keepForMs: 30 * DAY_MS, maxBytes: 5 * MEBIBYTE });
  const [passing, lasting] = [aStream(), aStream('forever')];
  for (const stream of [passing, lasting]) await broker.declareStream(stream);
  expect(await settingsOf(passing)).toMatchObject({ max_age: nanos(30 * DAY_MS), max_bytes: 5 * MEBIBYTE });
  expect(await settingsOf(lasting)).toMatchObject({ max_age: 0, max_bytes: -1 });
  expect(await broker.differentSettings?.()).toEqual([]);
});

test('whatever an operator has set by hand is as it was after every start, and nothing is said of it', async () => {
  const stream = aStream();
  await jsm.streams.add({
    ...{ name: stream.name, subjects: [...stream.subjects], max_age: nanos(30 * DAY_MS), max_bytes: 7 * MEBIBYTE },
    ...{ duplicate_window: nanos(60_000), discard: 'new' as never },
  });
  const before = await settingsOf(stream);
  for (let start = 1; start <= 2; start += 1) {
    const { broker, warnings } = await connect({});
    await broker.declareStream(stream);
    expect(await settingsOf(stream)).toEqual(before);
    expect([warnings(), await broker.differentSettings?.()]).toEqual([[], []]);
  }
});

test('what differs from configuration stays, is told once with the command, and is changed by whoever asks for it', async () => {
  const stream = aStream();
  await jsm.streams.add({
    ...{ name: stream.name, subjects: [...stream.subjects], max_age: nanos(30 * DAY_MS), max_bytes: 7 * MEBIBYTE },
  });
  const before = await settingsOf(stream);
  const { broker, warnings } = await connect({ keepForMs: DAY_MS, maxBytes: 'unlimited' });
  for (let time = 1; time <= 3; time += 1) await broker.declareStream(stream);
  expect(await settingsOf(stream)).toEqual(before);
  expect(warnings()).toEqual([
    `warn: maxAgeS of ${stream.name}: 2592000, configured 86400: left as it is; kith streams apply would change it`,
    `warn: maxBytes of ${stream.name}: 7340032, configured unlimited: left as it is; kith streams apply would change it`,
  ]);
  const differences = await broker.differentSettings?.();
  expect(differences).toEqual([
    { stream: stream.name, setting: 'maxAgeS', is: 2_592_000, configured: 86_400 },
    { stream: stream.name, setting: 'maxBytes', is: 7_340_032, configured: 'unlimited' },
  ]);
  expect(await broker.applySettings?.()).toEqual(differences?.map((each) => ({ ...each, outcome: 'applied' })));
  expect(await settingsOf(stream)).toEqual({ ...before, max_age: nanos(DAY_MS), max_bytes: -1 });
  expect(await broker.differentSettings?.()).toEqual([]);
});

test('dead letters that are set to expire are told, whatever is configured', async () => {
  const stream = aStream('forever');
  await jsm.streams.add({ name: stream.name, subjects: [...stream.subjects], max_age: nanos(DAY_MS) });
  const { broker, warnings } = await connect({});
  await broker.declareStream(stream);
  expect(warnings()).toHaveLength(1);
  expect(await broker.differentSettings?.()).toMatchObject([{ setting: 'maxAgeS', configured: 'unlimited' }]);
});

test('subjects that a stream lacks are added, and those of somebody else stay', async () => {
  const stream = aStream();
  await jsm.streams.add({ name: stream.name, subjects: [`${stream.name}.other`], max_age: nanos(30 * DAY_MS) });
  const { broker } = await connect({});
  await broker.declareStream({ ...stream, subjects: [`${stream.name}.mine`] });
  expect(await settingsOf(stream)).toMatchObject({
    subjects: [`${stream.name}.other`, `${stream.name}.mine`],
    max_age: nanos(30 * DAY_MS),
  });
});

test('a stream that is only consumed is for its owner to compare', async () => {
  const stream = aStream();
  await jsm.streams.add({ name: stream.name, subjects: [...stream.subjects], max_age: nanos(30 * DAY_MS) });
  const { broker, warnings } = await connect({ keepForMs: DAY_MS });
  const consuming = broker.subscribe({ stream, durable: 'c', maxUnacked: 10, onDelivery: (each) => each.ack() });
  await consuming.begun;
  expect([warnings(), await broker.differentSettings?.()]).toEqual([[], []]);
  await consuming.stop();
});

test('what the server cannot do is refused in its words, and the rest is applied', async () => {
  const stream = aStream();
  await jsm.streams.add({ name: stream.name, subjects: [...stream.subjects], max_age: nanos(30 * DAY_MS) });
  const { broker } = await connect({ replicas: 3, keepForMs: DAY_MS });
  await broker.declareStream(stream);
  expect(await broker.applySettings?.()).toMatchObject([
    { setting: 'replicas', is: 1, configured: 3, outcome: 'refused', why: 'this NATS is no cluster' },
    { setting: 'maxAgeS', outcome: 'applied' },
  ]);
});

test('a stream that cannot be made as configured is refused in a sentence', async () => {
  const { broker } = await connect({ replicas: 3 });
  await expect(broker.declareStream(aStream())).rejects.toThrow(
    /^NATS makes no stream S\w+ with 3 replicas: .*non-clustered/,
  );
});
