import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type NatsCluster, type NatsNode, startNatsCluster } from '@kith/local-servers';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectToServer, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { LEASE_STREAM } from '../broker/durable-names.ts';
import { handleOnce } from '../consumer/handle-once.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../contract-tests/shop-events.ts';
import { appendToOutbox } from '../outbox/append-to-outbox.ts';
import { draftEvent } from '../outbox/draft-event.ts';
import { deliverEvents } from '../start/deliver-events.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { natsOptions } from './connection/read-nats-url.ts';
import { connectJetStream } from './jetstream-broker.ts';

const OWNERS = ['a', 'b', 'c', 'd', 'e'];
const STREAMS = { replicas: 3 };
/** An election takes seconds, and a busy machine makes it several. */
const RECOVERED = { withinMs: 90_000, everyMs: 100 };

let cluster: NatsCluster;
let nc: NatsConnection;
let jsm: JetStreamManager;
beforeAll(async () => {
  cluster = await startNatsCluster();
  nc = await connectToServer({ ...natsOptions(cluster.url), maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  jsm = await jetstreamManager(nc);
});
afterAll(async () => {
  await nc.close();
  await cluster.stop();
});

const infoOf = (stream: string) => jsm.streams.info(stream).catch(() => undefined);
const leaderOf = async (stream: string): Promise<NatsNode> => {
  let leader: NatsNode | undefined;
  await eventually(
    `${stream} has a leader`,
    async () => {
      const name = (await infoOf(stream))?.cluster?.leader;
      leader = cluster.nodes.find((node) => node.name === name && node.running);
      return leader !== undefined;
    },
    RECOVERED,
  );
  return leader as NatsNode;
};
/** All three have all of it: another may go. */
const isWhole = (stream: string) =>
  eventually(
    `${stream} is on three servers`,
    async () => {
      const { leader, replicas = [] } = (await infoOf(stream))?.cluster ?? {};
      return (
        leader !== undefined && replicas.length === 2 && replicas.every(({ current, offline }) => current && !offline)
      );
    },
    RECOVERED,
  );

/** A producer with an outbox, and a consumer that keeps order with an inbox, at work while something happens to the cluster. */
async function underLoad(trouble: () => Promise<void>) {
  const database = await createEventDatabase();
  const { pool } = database;
  await pool.query('CREATE TABLE seen (place bigserial PRIMARY KEY, owner text NOT NULL, n int NOT NULL)');
  const word = randomBytes(4).toString('hex');
  const log = collectLog();
  const broker = await connectJetStream({ servers: cluster.url, name: 'test', log, streams: STREAMS });
  const durable = `seen-${word}`;
  const delivery = await deliverEvents({
    pool,
    broker,
    source: `shop/${word}`,
    stream: SHOP_STREAM,
    consumers: [
      {
        ...{ stream: SHOP_STREAM, durable, contracts: [counted], startAt: 'now', whenPoisoned: 'hold' },
        handle: handleOnce(pool, durable, async ({ ownerId, data }, sql) => {
          await sql.query('INSERT INTO seen (owner, n) VALUES ($1, $2)', [ownerId, (data as { n: number }).n]);
        }),
      },
    ],
    log,
  });
  onTestFinished(async () => {
    await delivery.stop();
    await broker.close();
    await database.drop();
  });
  await delivery.started;
  let written = 0;
  let stopping = false;
  const about = (owner: string, revision: number) =>
    draftEvent(counted, {
      ...{
        eventId: randomUUID(),
        ownerId: `${word}-${owner}`,
        revision,
        occurredAt: new Date(),
        data: { n: revision },
      },
    });
  const writing = (async () => {
    while (!stopping) {
      const revision = written + 1;
      await appendToOutbox(
        pool,
        OWNERS.map((owner) => about(owner, revision)),
      );
      written = revision;
      await sleep(10);
    }
  })();
  const seen = async () => (await pool.query('SELECT owner, n FROM seen ORDER BY place')).rows;
  await eventually('it flows', async () => (await seen()).length >= 50, RECOVERED);
  await trouble();
  const meanwhile = (await seen()).length;
  await eventually('it flows again', async () => (await seen()).length > meanwhile + 50, RECOVERED);
  stopping = true;
  await writing;
  await eventually('all of it came', async () => (await seen()).length >= written * OWNERS.length, RECOVERED);
  const rows = await seen();
  const whole = Array.from({ length: written }, (_, at) => at + 1);
  for (const owner of OWNERS) {
    expect(rows.filter((row) => row.owner === `${word}-${owner}`).map(({ n }) => n)).toEqual(whole);
  }
  return log;
}

test('the leader of a stream is killed under load: nothing is lost, doubled or out of order', async () => {
  await underLoad(async () => {
    await isWhole(SHOP_STREAM.name);
    const leader = await leaderOf(SHOP_STREAM.name);
    await leader.kill();
    expect((await leaderOf(SHOP_STREAM.name)).name).not.toBe(leader.name);
    await leader.start();
    await isWhole(SHOP_STREAM.name);
  });
  const { config } = await jsm.streams.info(SHOP_STREAM.name);
  expect([config.num_replicas, (await jsm.streams.info(LEASE_STREAM)).config.num_replicas]).toEqual([3, 3]);
});

test('every server is restarted, one after the other, under load', async () => {
  await underLoad(async () => {
    for (const node of cluster.nodes) {
      await isWhole(SHOP_STREAM.name);
      await isWhole(LEASE_STREAM);
      await node.stop();
      await leaderOf(SHOP_STREAM.name);
      await node.start();
    }
    await isWhole(SHOP_STREAM.name);
  });
});

test('a server in lame duck mode is left before it stops', async () => {
  const log = await underLoad(async () => {
    await isWhole(SHOP_STREAM.name);
    for (const node of cluster.nodes) {
      await node.beLameDuck();
      await node.start();
      await isWhole(SHOP_STREAM.name);
    }
  });
  expect(log.lines.filter((line) => line.includes('about to stop')).length).toBeGreaterThan(0);
});

test('a stream that an operator has made with three replicas is so after a start that knows nothing of it', async () => {
  const stream = { name: `S${randomBytes(4).toString('hex')}`, subjects: [`s.${randomUUID()}`] };
  await jsm.streams.add({ name: stream.name, subjects: stream.subjects, num_replicas: 3 });
  const broker = await connectJetStream({ servers: cluster.url, name: 'test', log: collectLog() });
  onTestFinished(() => broker.close());
  await broker.declareStream(stream);
  expect((await jsm.streams.info(stream.name)).config.num_replicas).toBe(3);
});

test('one replica becomes three, with its durables, when an operator says so', async () => {
  const stream = { name: `S${randomBytes(4).toString('hex')}`, subjects: [`s.${randomUUID()}`] };
  await jsm.streams.add({ name: stream.name, subjects: stream.subjects, num_replicas: 1 });
  await jsm.consumers.add(stream.name, { durable_name: 'd', ack_policy: 'explicit' as never, num_replicas: 1 });
  const broker = await connectJetStream({ servers: cluster.url, name: 'test', log: collectLog(), streams: STREAMS });
  onTestFinished(() => broker.close());
  await broker.declareStream(stream);
  const subscription = broker.subscribe({ stream, durable: 'd', maxUnacked: 10, onDelivery: (each) => each.ack() });
  onTestFinished(() => subscription.stop());
  await subscription.begun;
  const differences = [
    { stream: stream.name, setting: 'replicas', is: 1, configured: 3 },
    { stream: stream.name, durable: 'd', setting: 'replicas', is: 1, configured: 3 },
  ];
  expect(await broker.differentSettings?.()).toEqual(differences);
  expect(await broker.applySettings?.()).toEqual(differences.map((each) => ({ ...each, outcome: 'applied' })));
  await isWhole(stream.name);
  expect(await broker.differentSettings?.()).toEqual([]);
});

test('tags that no server has are refused in a sentence', async () => {
  const broker = await connectJetStream({
    ...{ servers: cluster.url, name: 'test', log: collectLog(), streams: { placementTags: ['ssd'] } },
  });
  onTestFinished(() => broker.close());
  const stream = { name: `S${randomBytes(4).toString('hex')}`, subjects: [`s.${randomUUID()}`] };
  await expect(broker.declareStream(stream)).rejects.toThrow(/^NATS makes no stream S\w+ with placement tags ssd: /);
});
