import { join } from 'node:path';
import { startPostgres } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { exampleData } from '../outboxes/example-event.ts';
import type { Measurement } from '../report/measurement.ts';
import { createRelationships } from '../system/friend-service-insides.ts';
import { openPool } from '../system/open-pool.ts';

const CONNECTIONS = [1, 8, 32];
const PAIRS = 1_000;
const WARM_UP_S = 1;
const MEASURE_S = 3;

/** What a change must write at the very least: the row, the list's revision, the event. */
const LEAST = `
  WITH changed AS (UPDATE friend SET remark = $3 WHERE owner_id = $1 AND friend_id = $2),
  moved AS (UPDATE friend_list SET revision = revision + 1 WHERE owner_id = $1 RETURNING revision)
  INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at)
  SELECT $4, $1::uuid::text, revision, 'kith.friend.changed.v1', 'friend.changed.' || $1::uuid, $5, now() FROM moved`;

export const measureWritePath: Measurement = {
  name: 'write-path',
  title: 'Write path',
  explained: `Changes of a remark by the friend service's aggregate (load; decide; save and append to the outbox unless a list was touched meanwhile; in this process, on a real Postgres that flushes), over ${CONNECTIONS.join(', ')} connections, each change to another of ${PAIRS.toLocaleString('en')} lists, for ${MEASURE_S} s. Nobody relays meanwhile. Floor: the same three rows written by one prepared statement with \`pg\`, without rules.`,
  tellsRegressions: true,

  async run({ folder, started, step }) {
    step('starting Postgres');
    const postgres = await startPostgres({ dataFolder: join(folder, 'postgres') });
    started.defer(() => postgres.stop());
    const databaseUrl = postgres.url('kith_friend');
    await migrate(databaseUrl, 'friend');
    const pairs = await makePairs(databaseUrl);

    const figures = [];
    for (const connections of CONNECTIONS) {
      const pool = openPool(started, databaseUrl, connections);
      const measured = (what: string, change: (pair: Pair, count: number) => Promise<unknown>) => {
        step(`${what}, ${connections} connections`);
        return changesPerSecond(connections, pairs, change);
      };
      const value = await measured('the aggregate', changeByAggregate(pool));
      const floor = await measured('one statement', (pair, count) => changeByOneStatement(pool, pair, count));
      figures.push({
        what: connections === 1 ? '1 connection' : `${connections} connections`,
        value,
        unit: 'commits/s' as const,
        beside: [{ what: 'one prepared CTE', value: floor }],
      });
    }
    return figures;
  },
};

interface Pair {
  readonly viewerId: string;
  readonly otherId: string;
}

function changeByAggregate(pool: pg.Pool) {
  const relationships = createRelationships({
    pool,
    limits: { friendsPerList: 5_000, openRequestsPerUser: 500, askAgainAfterMs: 0 },
    moment: () => ({ now: new Date(), newId }),
    traceparent: () => undefined,
    learnProfiles: async () => {},
    afterCommit: async () => {},
  });
  return (pair: Pair, count: number) =>
    relationships.change(pair, (relationship) => relationship.update({ remark: `remark ${count}` }));
}

function changeByOneStatement(pool: pg.Pool, { viewerId, otherId }: Pair, count: number) {
  const values = [viewerId, otherId, `least ${count}`, newId(), JSON.stringify(exampleData)];
  return pool.query({ name: 'least', text: LEAST, values });
}

/** A closed loop for each connection, over lists of its own so that nobody waits for another's lock. */
async function changesPerSecond(
  connections: number,
  pairs: readonly Pair[],
  change: (pair: Pair, count: number) => Promise<unknown>,
): Promise<number> {
  let count = 0;
  const from = performance.now() + WARM_UP_S * 1000;
  const until = from + MEASURE_S * 1000;
  const loop = async (first: number) => {
    for (let place = first, turn = 1; performance.now() < until; place += connections, turn++) {
      await change(pairs[place % pairs.length]!, turn * connections + first);
      if (performance.now() >= from) count += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, first) => loop(first)));
  return count / MEASURE_S;
}

async function makePairs(databaseUrl: string): Promise<Pair[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO profile (user_id, username, nickname, friend_policy, version)
       SELECT gen_random_uuid(), 'member' || n, 'Member ' || n, 'APPROVAL', 1 FROM generate_series(1, $1::int) AS n`,
      [PAIRS * 2],
    );
    await client.query('INSERT INTO friend_list (owner_id, friend_count) SELECT user_id, 1 FROM profile');
    const { rows } = await client.query<{ user_id: string }>('SELECT user_id FROM profile');
    const pairs = Array.from({ length: PAIRS }, (_, index) => ({
      viewerId: rows[index * 2]!.user_id,
      otherId: rows[index * 2 + 1]!.user_id,
    }));
    await client.query(
      `INSERT INTO friend (owner_id, friend_id, since)
       SELECT a, b, now() FROM unnest($1::uuid[], $2::uuid[]) AS pair (a, b)
       UNION ALL SELECT b, a, now() FROM unnest($1::uuid[], $2::uuid[]) AS pair (a, b)`,
      [pairs.map(({ viewerId }) => viewerId), pairs.map(({ otherId }) => otherId)],
    );
    await client.query('ANALYZE');
    return pairs;
  } finally {
    await client.end();
  }
}
