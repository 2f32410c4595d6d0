import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FRIEND_STREAM, liveFriendList } from '@kith/event-contracts';
import { natsOptions } from '@kith/event-delivery';
import { type RunningSystem, startSystem } from '@kith/local';
import { eventually, type NatsServer, startNats } from '@kith/local-servers';
import { jetstreamManager } from '@nats-io/jetstream';
import { Redis } from 'ioredis';
import { connect } from 'nats';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { growGraph } from '../graphs/grow-graph.ts';
import { readMemoryKb } from '../processes/read-process-costs.ts';
import type { Figure, Measurement, Workplace } from '../report/measurement.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { befriend, makeUsers } from '../system/talk-to-system.ts';

const KITH = fileURLToPath(new URL('../../../operator/src/kith.ts', import.meta.url));
const PEOPLE = 10_000;
const FRIENDS_EACH = 5;
const SUBJECTS = { few: 10_000, many: 100_000 };

export const measureFootprint: Measurement = {
  name: 'footprint',
  title: 'Footprint',
  onlyByName: true,
  explained:
    'Bytes of each thing that is kept. Postgres: size of the databases (tables and indexes, after VACUUM) with 10,000 people, less without them, then with 50,000 friendships, less without them, each with its two events in the outbox apart. JetStream: bytes of the stream of the friend service over its messages. Redis: what it grows by as all views are made, over the friends in them, ten a list. NATS: resident memory of a server with 100,000 subscriptions, and with 100,000 subjects in a stream, less that with 10,000, over the difference: a slope. No floor: they are sizes.',

  async run(place) {
    return [...(await measureStores(place)), ...(await measureInterest(place)), ...(await measureSubjects(place))];
  },
};

const inBytes = (what: string, value: number): Figure => ({ what, value, unit: 'bytes' });

async function measureStores({ folder, started, step }: Workplace): Promise<Figure[]> {
  step('starting a system');
  const system = await startSystem({ kithData: `${folder}/system`, env: REFUSE_NOTHING });
  started.defer(() => system.stop());
  const empty = await sizesOf(system);
  step('making people');
  const ids = await makeUsers(system, 'footprint', PEOPLE);
  await copiesAreMade(system);
  const people = await sizesOf(system);
  step('making friendships');
  const pairs = growGraph({ people: PEOPLE, friendsEach: FRIENDS_EACH, seed: 1 }).map(
    ([a, b]) => [ids[a] as string, ids[b] as string] as const,
  );
  await befriend(system, pairs);
  await allPublished(system);
  const friends = await sizesOf(system);
  const { messages, bytes } = await streamOf(system);
  return [
    inBytes('person in Postgres, user service', (people.user - empty.user) / PEOPLE),
    inBytes('person in Postgres, friend service', (people.friend - empty.friend) / PEOPLE),
    inBytes('friendship in Postgres, without events', (friends.friend - people.friend) / pairs.length),
    inBytes('event in the outbox', (friends.outbox - people.outbox) / (friends.events - people.events)),
    inBytes('event in JetStream', bytes / messages),
    inBytes('friend in a view in Redis', await bytesPerViewedFriend(system, pairs.length)),
  ];
}

interface Sizes {
  readonly user: number;
  /** Without the outbox. */
  readonly friend: number;
  readonly outbox: number;
  readonly events: number;
}

async function sizesOf(system: RunningSystem): Promise<Sizes> {
  const one = async (url: string, sql: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('VACUUM');
      const { rows } = await client.query<Record<string, string>>(sql);
      return rows[0] as Record<string, string>;
    } finally {
      await client.end();
    }
  };
  const user = await one(system.userDatabaseUrl, 'SELECT pg_database_size(current_database()) AS all');
  const friend = await one(
    system.friendDatabaseUrl,
    `SELECT pg_database_size(current_database()) AS all, pg_total_relation_size('outbox') AS outbox,
            (SELECT count(*) FROM outbox) AS events`,
  );
  const outbox = Number(friend.outbox);
  return { user: Number(user.all), friend: Number(friend.all) - outbox, outbox, events: Number(friend.events) };
}

const allPublished = (system: RunningSystem) =>
  eventuallyTrue(system, 'NOT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)');
const copiesAreMade = (system: RunningSystem) => eventuallyTrue(system, `(SELECT count(*) FROM profile) >= ${PEOPLE}`);

async function eventuallyTrue(system: RunningSystem, condition: string): Promise<void> {
  const client = new pg.Client({ connectionString: system.friendDatabaseUrl });
  await client.connect();
  const isTrue = async () => (await client.query<{ so: boolean }>(`SELECT ${condition} AS so`)).rows[0]?.so;
  await eventually(condition, isTrue, { withinMs: 180_000 }).finally(() => client.end());
}

async function streamOf(system: RunningSystem): Promise<{ messages: number; bytes: number }> {
  const nc = await connect(natsOptions(system.natsUrl));
  try {
    return (await (await jetstreamManager(nc)).streams.info(FRIEND_STREAM.name)).state;
  } finally {
    await nc.close();
  }
}

/** All views made, one list after the other: what Redis grows by, over the friends in them. */
async function bytesPerViewedFriend(system: RunningSystem, friendships: number): Promise<number> {
  const redis = new Redis(system.redisUrl);
  const usedBytes = async () => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  try {
    const before = await usedBytes();
    await promisify(execFile)(process.execPath, [KITH, 'views', 'rebuild'], {
      env: {
        ...process.env,
        USER_URL: system.user.url,
        FRIEND_URL: system.friend.url,
        OPERATOR_KEY: system.operatorKey,
      },
    });
    return ((await usedBytes()) - before) / (friendships * 2);
  } finally {
    redis.disconnect();
  }
}

async function measureInterest(place: Workplace): Promise<Figure[]> {
  const { nats, nc } = await serverApart(place, 'interest');
  let subscribed = 0;
  const upTo = async (count: number) => {
    place.step(`${count.toLocaleString('en')} subscriptions`);
    for (; subscribed < count; subscribed++) nc.subscribe(liveFriendList(newId()), { callback: () => undefined });
    await nc.flush();
    return settledMemory(nats);
  };
  const few = await upTo(SUBJECTS.few);
  const many = await upTo(SUBJECTS.many);
  return [inBytes('watched owner in NATS', slopeOf(few, many))];
}

async function measureSubjects(place: Workplace): Promise<Figure[]> {
  const { nats, nc } = await serverApart(place, 'subjects');
  const manager = await jetstreamManager(nc);
  await manager.streams.add({ name: 'FOOTPRINT', subjects: ['footprint.>'] });
  let published = 0;
  const upTo = async (count: number) => {
    place.step(`${count.toLocaleString('en')} subjects in a stream`);
    for (; published < count; published++) nc.publish(`footprint.${newId()}.friend.changed`, 'x');
    const areStored = async () => (await manager.streams.info('FOOTPRINT')).state.messages >= count;
    await eventually(`${count} are stored`, areStored, { withinMs: 120_000 });
    return settledMemory(nats);
  };
  const few = await upTo(SUBJECTS.few);
  const many = await upTo(SUBJECTS.many);
  return [inBytes('subject of a stream in NATS', slopeOf(few, many))];
}

async function serverApart({ folder, started }: Workplace, name: string) {
  const nats = await startNats({ dataFolder: `${folder}/${name}` });
  started.defer(() => nats.stop());
  const nc = await connect(natsOptions(nats.url));
  started.defer(() => nc.close());
  return { nats, nc };
}

/** Resident, in bytes, once buffers are given back. */
async function settledMemory(nats: NatsServer): Promise<number> {
  await delay(5_000);
  return readMemoryKb(nats.pid) * 1024;
}

const slopeOf = (few: number, many: number) => (many - few) / (SUBJECTS.many - SUBJECTS.few);
