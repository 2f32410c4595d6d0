import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { eventually, startPostgres, startRedis } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import { Redis } from 'ioredis';
import type pg from 'pg';
import type { Measurement, Workplace } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import {
  connectRedis,
  createFriendListView,
  type FriendListView,
  loadList,
  loadRevisions,
} from '../system/friend-service-insides.ts';
import { openPool } from '../system/open-pool.ts';
import { quietLog } from '../system/quiet-log.ts';

const READERS = 1_000;
const PROCESSES = 4;
const FRIENDS = 1_000;
const ROUNDS = 15;
const WARM_UP_ROUNDS = 5;

export const measureStampede: Measurement = {
  name: 'stampede',
  title: 'Stampede',
  explained: `${READERS.toLocaleString('en')} simultaneous reads of one list of ${FRIENDS.toLocaleString('en')} friends whose view is gone, through ${PROCESSES} views with connections of their own, as so many processes would have: how often Postgres was asked for the list (the worst of ${ROUNDS} rounds), and the time until the last reader had its page (the median). Floor: one load of that list from Postgres, without the view.`,
  tellsRegressions: true,

  async run(place) {
    const { pool, url } = await servers(place);
    const ownerId = await makeList(pool);
    let loads = 0;
    const countedLoad = (id: string) => {
      loads += 1;
      return loadList(pool, id);
    };
    const views = await Promise.all(
      Array.from({ length: PROCESSES }, () => openView(place, { url, pool, load: countedLoad })),
    );
    const redis = new Redis(url);
    place.started.defer(() => redis.disconnect());

    place.step('stampeding');
    const rounds: { loads: number; tookMs: number }[] = [];
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
      await redis.flushall();
      loads = 0;
      const startedAt = performance.now();
      const pages = await Promise.all(
        Array.from({ length: READERS }, (_, reader) =>
          views[reader % PROCESSES]!.page(ownerId, { order: 'NAME', limit: 1 + (Math.floor(reader / PROCESSES) % 20) }),
        ),
      );
      const tookMs = performance.now() - startedAt;
      if (pages.some(({ totalCount }) => totalCount !== FRIENDS)) throw new Error('A reader was given another list.');
      if (round >= WARM_UP_ROUNDS) rounds.push({ loads, tookMs });
    }
    const alone: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const startedAt = performance.now();
      await loadList(pool, ownerId);
      alone.push(performance.now() - startedAt);
    }
    return [
      {
        what: `queries for ${READERS.toLocaleString('en')} misses`,
        value: Math.max(...rounds.map((round) => round.loads)),
        unit: 'queries',
        beside: [{ what: 'one load', value: 1 }],
        goal: { atMost: 1 },
      },
      {
        what: `time for ${READERS.toLocaleString('en')} misses`,
        value: percentile(
          rounds.map(({ tookMs }) => tookMs),
          50,
        ),
        unit: 'ms',
        beside: [{ what: 'one load', value: percentile(alone, 50) }],
      },
    ];
  },
};

async function servers({ folder, started, step }: Workplace) {
  step('starting servers');
  const postgres = await startPostgres({ dataFolder: join(folder, 'postgres') });
  started.defer(() => postgres.stop());
  const redis = await startRedis({ dataFolder: join(folder, 'redis') });
  started.defer(() => redis.stop());
  const databaseUrl = postgres.url('kith_friend');
  await migrate(databaseUrl, 'friend');
  const pool = openPool(started, databaseUrl, 20);
  return { pool, url: redis.url };
}

async function openView(
  { started }: Workplace,
  { url, pool, load }: { url: string; pool: pg.Pool; load: (ownerId: string) => ReturnType<typeof loadList> },
): Promise<FriendListView> {
  const redis = connectRedis({ url, timeline: { current: 'bench' }, log: quietLog });
  started.defer(() => redis.close());
  await eventually('Redis answers', () => redis.connected);
  const loadRevisionsHere = (ownerIds: readonly string[]) => loadRevisions(pool, ownerIds);
  const view = createFriendListView({ redis, load, loadRevisions: loadRevisionsHere, log: quietLog });
  started.defer(() => view.stop());
  return view;
}

/** Somebody with many friends, straight into the tables: how lists come to be is measured elsewhere. */
async function makeList(pool: pg.Pool): Promise<string> {
  const ownerId = randomUUID();
  await pool.query(
    `WITH other AS (
       INSERT INTO profile (user_id, username, nickname, friend_policy, version)
       SELECT gen_random_uuid(), 'member' || n, 'Member ' || n, 'APPROVAL', 1 FROM generate_series(1, $2::int) AS n
       RETURNING user_id),
     bound AS (INSERT INTO friend (owner_id, friend_id, since) SELECT $1, user_id, now() FROM other)
     INSERT INTO friend_list (owner_id, revision, friend_count) VALUES ($1, $2, $2)`,
    [ownerId, FRIENDS],
  );
  await pool.query('ANALYZE');
  return ownerId;
}
