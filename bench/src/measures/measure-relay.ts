import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FRIEND_STREAM, friendChanged } from '@kith/event-contracts';
import { connectBroker, natsOptions } from '@kith/event-delivery';
import { eventually, freePort, startNats, startPostgres } from '@kith/local-servers';
import { jetstream } from '@nats-io/jetstream';
import { connect } from 'nats';
import pg from 'pg';
import { publishRaw } from '../baselines/publish-raw.ts';
import { keepPace } from '../load/keep-pace.ts';
import { exampleData } from '../outboxes/example-event.ts';
import { graphileWorkerOutbox } from '../outboxes/graphile-worker-outbox.ts';
import { kithOutbox } from '../outboxes/kith-outbox.ts';
import type { Outbox, OutboxSurroundings } from '../outboxes/outbox.ts';
import { pgTransactionalOutbox } from '../outboxes/pg-transactional-outbox.ts';
import type { Figure, Measurement, Workplace } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { openPool } from '../system/open-pool.ts';
import { quietLog } from '../system/quiet-log.ts';

const ROWS = 100_000;
/** As many as each peer publishes in some seconds. */
const PEERS: readonly [Outbox, rows: number][] = [
  [graphileWorkerOutbox, 10_000],
  [pgTransactionalOutbox, 1_000],
];
const CHANGES_PER_SECOND = 200;
const WARM_UP_S = 1;
const MEASURE_S = 5;

export const measureRelay: Measurement = {
  name: 'relay',
  title: 'Relay',
  explained: `An outbox table filled with ${ROWS.toLocaleString('en')} rows on a real Postgres; the time from starting the relay until JetStream has acknowledged the last. Then ${CHANGES_PER_SECOND} transactions a second for ${MEASURE_S} s, each with one event: from sending COMMIT until the stream's acknowledgement; what is not published 10 s after the last commit counts as having waited until then. Floor of the rate: the same payloads published to the same stream, with message ids, 512 in flight, acknowledgements counted. The peers publish to the same stream with an acknowledgement each, from a table of theirs with fewer rows; both are set up for speed, so neither keeps an order, which Kith does.`,

  async run(place) {
    const around = await surroundings(place);
    const outboxes: [Outbox, number][] = [[kithOutbox, ROWS], ...PEERS];
    const measured = [];
    for (const [outbox, rows] of outboxes) {
      place.step(`${outbox.name}, ${rows.toLocaleString('en')} rows`);
      measured.push({ name: outbox.name, ...(await measureOutbox(outbox, rows, around)) });
    }
    place.step('raw publishing');
    const [payload, subject] = [JSON.stringify(exampleData), friendChanged.subject('owner-0')];
    await publishRaw(around.nc, subject, payload, 5_000);
    const raw = await publishRaw(around.nc, subject, payload, ROWS);

    const [kith, ...peers] = measured as [(typeof measured)[0], ...typeof measured];
    const figure = (p: number, goal?: Figure['goal']): Figure => ({
      what: `commit → published, p${p} at ${CHANGES_PER_SECOND}/s`,
      value: percentile(kith.delaysMs, p),
      unit: 'ms',
      beside: peers.map(({ name, delaysMs }) => ({ what: name, value: percentile(delaysMs, p) })),
      ...(goal && { goal }),
    });
    return [
      {
        what: `${ROWS.toLocaleString('en')} rows`,
        value: kith.perSecond,
        unit: 'events/s',
        beside: [
          { what: 'raw JetStream publish', value: raw },
          ...peers.map(({ name, perSecond }) => ({ what: name, value: perSecond })),
        ],
        goal: { atLeast: 15_000 },
      },
      figure(50, { atMost: 2 }),
      figure(99),
    ];
  },
};

async function surroundings({ folder, started, step }: Workplace) {
  step('starting servers');
  const nats = await startNats({ dataFolder: join(folder, 'nats') });
  started.defer(() => nats.stop());
  const databaseUrl = await startPostgresForReplication(folder, started);
  const pool = openPool(started, databaseUrl, 10);
  const broker = await connectBroker({ eventBus: 'jetstream', natsUrl: nats.url, name: 'bench', log: quietLog });
  started.defer(() => broker.close());
  await broker.declareStream(FRIEND_STREAM);
  const nc = await connect(natsOptions(nats.url));
  started.defer(() => nc.close());
  const stream = jetstream(nc);
  const publish: OutboxSurroundings['publish'] = async ({ eventId, ownerId, data }) => {
    await stream.publish(friendChanged.subject(ownerId), JSON.stringify(data), { msgID: eventId });
  };
  return { databaseUrl, pool, broker, nc, publish };
}

/** One of the peers reads the write-ahead log, which Postgres writes richly enough only when told so at its start. */
async function startPostgresForReplication(folder: string, started: AsyncDisposableStack): Promise<string> {
  const place = { dataFolder: join(folder, 'postgres'), port: await freePort() };
  const first = await startPostgres(place);
  const client = new pg.Client({ connectionString: first.url('postgres') });
  await client.connect();
  await client.query('ALTER SYSTEM SET wal_level = logical');
  await client.end();
  await first.stop();
  const postgres = await startPostgres(place);
  started.defer(() => postgres.stop());
  return postgres.url('postgres');
}

async function measureOutbox(
  outbox: Outbox,
  rows: number,
  around: Omit<OutboxSurroundings, 'onPublished'>,
): Promise<{ perSecond: number; delaysMs: number[] }> {
  const publishedAt = new Map<string, number>();
  let published = 0;
  const watched: OutboxSurroundings = {
    ...around,
    onPublished(eventIds) {
      published += eventIds.length;
      for (const eventId of eventIds) publishedAt.set(eventId, performance.now());
    },
  };
  await outbox.prepare(watched);
  const client = await around.pool.connect();
  await outbox.fill(client, rows).finally(() => client.release());
  // So many rows at once are news to the planner, which a service's autovacuum would have told it.
  await around.pool.query('ANALYZE');

  const startedAt = performance.now();
  const running = await outbox.start(watched);
  try {
    await eventually(`${outbox.name} has published ${rows} events`, () => published >= rows, {
      withinMs: 60_000,
      everyMs: 5,
    });
    const perSecond = rows / ((Math.max(...lastOf(publishedAt)) - startedAt) / 1000);
    return { perSecond, delaysMs: await delaysAtAPace(outbox, around.pool, publishedAt) };
  } finally {
    await running.stop();
  }
}

/** A map keeps its entries in the order they came. */
const lastOf = (times: Map<string, number>) => [...times.values()].slice(-1);

async function delaysAtAPace(outbox: Outbox, pool: pg.Pool, publishedAt: Map<string, number>): Promise<number[]> {
  const committing = new Map<string, number>();
  const commits: Promise<void>[] = [];
  await keepPace(CHANGES_PER_SECOND, WARM_UP_S + MEASURE_S, (index) => {
    const event = { eventId: randomUUID(), ownerId: `paced-${index % 1000}`, revision: index + 1, data: exampleData };
    commits.push(
      (async () => {
        const client = await pool.connect();
        try {
          await client.query('BEGIN');
          await outbox.append(client, event);
          if (index >= CHANGES_PER_SECOND * WARM_UP_S) committing.set(event.eventId, performance.now());
          await client.query('COMMIT');
        } finally {
          client.release();
        }
      })(),
    );
  });
  await Promise.all(commits);
  const ids = [...committing.keys()];
  // Whoever cannot keep the pace is not waited for: what it has not published by then has waited for so long at least.
  await eventually('all is published', () => ids.every((id) => publishedAt.has(id)), { withinMs: 10_000 }).catch(
    () => {},
  );
  const endedAt = performance.now();
  return ids.map((id) => (publishedAt.get(id) ?? endedAt) - committing.get(id)!);
}
