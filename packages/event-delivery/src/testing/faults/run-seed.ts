// Longer than other files: one world of services, broker and database, with the faults that are drawn in it.

// Longer than other files: one run from its seed to its verdict, which is read from top to bottom.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDatabaseIfMissing, eventually, freePort, startNats, startPostgres } from '@kith/local-servers';
import type pg from 'pg';
import { counted, SHOP_STREAM } from '../../contract-tests/shop-events.ts';
import { connectJetStream } from '../../jetstream/jetstream-broker.ts';
import { appendToOutbox } from '../../outbox/append-to-outbox.ts';
import { draftEvent } from '../../outbox/draft-event.ts';
import { republish } from '../../outbox/republish.ts';
import { compareOutboxWithStream } from '../../outbox/stream/compare-outbox-with-stream.ts';
import { openPool } from '../open-pool.ts';
import type { CrashPoint } from './fault-process.ts';

const CONVERGED_WITHIN_MS = 120_000;
const MOST_AHEAD = 200;
const APPLIED_SO_FAR = 'SELECT owner_id AS owner, max(revision)::int AS revision FROM applied GROUP BY owner_id';
const RELAY_POINTS: readonly CrashPoint[] = ['before-publish', 'after-ack', 'marks-sent'];
const CONSUMER_POINTS: readonly CrashPoint[] = ['before-effect', 'in-effect', 'after-effect'];

export interface SeedReport {
  readonly faults: readonly string[];
  /** Events whose transaction was acknowledged to the writer. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly twice: number;
  /** Owners whose events were applied in another order. A wiped stream may do that: what is newer is there first. */
  readonly outOfOrder: number;
  readonly differences: number;
  readonly convergedMs: number;
  /** The longest of it in which nothing was applied: what is a busy machine's, and what is ours. */
  readonly stillMs: number;
}

type Random = () => number;

/**
 * A life of a writer, two relays and a consumer, in processes of their own over private servers, and of two or three
 * faults that the seed chooses. `frozenMs` is how long a server is frozen at most.
 */
export async function runSeed(seed: number, options: { frozenMs?: number } = {}): Promise<SeedReport> {
  const random = seeded(seed);
  await using world = await createWorld();
  const writer = world.write(2 + Math.floor(random() * 4));
  await eventually('events flow', async () => (await world.applied()).length > 0, { withinMs: 60_000, everyMs: 100 });
  const faults: string[] = [];
  for (let left = 2 + Math.floor(random() * 2); left > 0; left -= 1) {
    await sleep(200 + random() * 800);
    faults.push(await breakSomething(world, random, options.frozenMs ?? 3_000));
  }
  await sleep(500);
  const acknowledged = await writer.stop();
  const endedAt = performance.now();
  // What an operator does after a stream was lost.
  const wiped = faults.includes('wipe nats');
  if (wiped) await republish(world.pool, { since: new Date(0) });

  const total = [...acknowledged.values()].reduce((sum, revision) => sum + revision, 0);
  let applied = await world.applied();
  let [stillMs, lastAt] = [0, endedAt];
  const allApplied = async () => {
    const before = applied.length;
    applied = await world.applied();
    stillMs = Math.max(stillMs, performance.now() - lastAt);
    if (applied.length > before) lastAt = performance.now();
    return applied.length >= total;
  };
  // Whether it was in time is for the report to say.
  await eventually('all is applied', allApplied, { withinMs: CONVERGED_WITHIN_MS, everyMs: 100 }).catch(
    () => undefined,
  );
  const convergedMs = Math.round(performance.now() - endedAt);
  // What is published again may still be on its way when all has long been applied.
  await eventually('all is published', world.allPublished, { withinMs: CONVERGED_WITHIN_MS }).catch(() => undefined);
  const seen = new Set(applied.map(({ owner, revision }) => `${owner}:${revision}`));
  const isOutOfOrder = (owner: string) => {
    const revisions = applied.filter((each) => each.owner === owner).map(({ revision }) => revision);
    return revisions.some((revision, at) => revision !== at + 1);
  };
  return {
    faults,
    acknowledged: total,
    lost: total - seen.size,
    twice: applied.length - seen.size,
    outOfOrder: wiped ? 0 : [...acknowledged.keys()].filter(isOutOfOrder).length,
    differences: await world.differences(),
    convergedMs,
    stillMs: Math.round(stillMs),
  };
}

async function breakSomething(world: World, random: Random, frozenMs: number): Promise<string> {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  const nth = 1 + Math.floor(random() * 3);
  const pauseMs = 300 + random() * Math.max(0, frozenMs - 300);
  const fault = pick(['relay', 'relay', 'consumer', 'consumer', 'freeze relay', 'kill', 'freeze', 'wipe', 'postgres']);
  switch (fault) {
    case 'relay': {
      const point = pick(RELAY_POINTS);
      await world.relays[0].crash(`${point}:${nth}`);
      return `relay ${point} ${nth}`;
    }
    case 'consumer': {
      const point = pick(CONSUMER_POINTS);
      await world.consumer.crash(`${point}:${nth}`);
      return `consumer ${point} ${nth}`;
    }
    case 'freeze relay':
      world.relays[0].signal('SIGSTOP');
      await sleep(pauseMs);
      world.relays[0].signal('SIGCONT');
      return 'freeze relay';
    case 'freeze':
      world.nats().pause();
      await sleep(pauseMs);
      world.nats().resume();
      return `freeze nats ${Math.round(pauseMs)} ms`;
    case 'kill':
    case 'wipe':
      await world.restartNats(fault === 'wipe');
      return `${fault} nats`;
    default:
      await world.restartPostgres();
      return 'restart postgres';
  }
}

type World = Awaited<ReturnType<typeof createWorld>>;

async function createWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'kith-faults-'));
  const place = { dataFolder: join(folder, 'postgres'), port: await freePort(), durable: false };
  const natsPlace = { dataFolder: join(folder, 'nats'), port: await freePort() };
  let [postgres, nats] = await Promise.all([startPostgres(place), startNats(natsPlace)]);
  const url = postgres.url('faults');
  await createDatabaseIfMissing(url);
  const pool = openPool({ connectionString: url, max: 10, connectionTimeoutMillis: 3_000 });
  await pool.query(await readFile(new URL('../../event-tables.sql', import.meta.url), 'utf8'));
  // No unique index: applied twice has to show.
  await pool.query('CREATE TABLE applied (place bigserial PRIMARY KEY, owner_id text, revision int)');

  const env = { DATABASE_URL: url, NATS_URL: nats.url };
  const relays = [runRestarting('relay', env), runRestarting('relay', env)] as const;
  const consumer = runRestarting('consumer', env);

  return {
    pool,
    relays,
    consumer,
    nats: () => nats,
    async restartNats(wipe: boolean) {
      await nats.kill();
      if (wipe) await rm(join(folder, 'nats', 'jetstream'), { recursive: true, force: true });
      nats = await startNats(natsPlace);
    },
    async restartPostgres() {
      await postgres.kill();
      postgres = await startPostgres(place);
    },
    write: (owners: number) => writeAllTheTime(pool, owners),
    async applied(): Promise<{ owner: string; revision: number }[]> {
      const { rows } = await pool.query('SELECT owner_id AS owner, revision FROM applied ORDER BY place');
      return rows;
    },
    async allPublished(): Promise<boolean> {
      const { rows } = await pool.query('SELECT FROM outbox WHERE published_at IS NULL LIMIT 1');
      return rows.length === 0;
    },
    async differences(): Promise<number> {
      const silent = () => undefined;
      const log = { debug: silent, info: silent, warn: silent, error: silent };
      const broker = await connectJetStream({ servers: nats.url, name: 'compare', log });
      let differences = 0;
      await compareOutboxWithStream({
        pool,
        broker,
        stream: SHOP_STREAM,
        onDifference: () => {
          differences += 1;
        },
      });
      await broker.close();
      return differences;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...relays, consumer].map((each) => each.stop()));
      await pool.end();
      await Promise.all([nats.stop(), postgres.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A process that is started again whenever it dies. */
function runRestarting(role: 'relay' | 'consumer', env: Record<string, string>) {
  const program = fileURLToPath(new URL('./fault-process.ts', import.meta.url));
  let stopping = false;
  let child: ChildProcess;
  let gone: Promise<unknown>;

  function start(crash = ''): void {
    child = spawn(process.execPath, [program], {
      env: { ...process.env, ...env, ROLE: role, CRASH: crash },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const started = child;
    gone = new Promise((resolve) => started.once('exit', resolve)).then(() => {
      if (!stopping && child === started) start();
    });
  }

  start();
  return {
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    /** Replaces it by one that will die at that point, and goes on when it has, or has had the time to. */
    async crash(point: string): Promise<void> {
      const before = child;
      const replaced = new Promise((resolve) => before.once('exit', resolve));
      child = undefined as never;
      before.kill('SIGKILL');
      await replaced;
      start(point);
      await Promise.race([gone, sleep(15_000)]);
    },
    async stop(): Promise<void> {
      stopping = true;
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/**
 * One writer for each owner; what Postgres has not confirmed is tried again under the same revision. None gets further
 * ahead of the consumer than it catches up with soon, on a busy machine too: what is measured is recovery, not throughput.
 */
function writeAllTheTime(pool: pg.Pool, owners: number) {
  let stopping = false;
  const acknowledged = new Map<string, number>();
  let applied = new Map<string, number>();
  const looking = (async () => {
    while (!stopping) {
      const { rows } = await pool.query(APPLIED_SO_FAR).catch(() => ({ rows: [] }));
      if (rows.length > 0) applied = new Map(rows.map((row) => [row.owner, row.revision]));
      await sleep(100);
    }
  })();
  const writing = Array.from({ length: owners }, async (_, n) => {
    const ownerId = `owner-${n}`;
    for (let revision = 1; !stopping; ) {
      await sleep(15);
      if (revision - (applied.get(ownerId) ?? 0) > MOST_AHEAD) continue;
      await writeUntilAcknowledged(pool, ownerId, revision);
      acknowledged.set(ownerId, revision);
      revision += 1;
    }
  });
  return {
    async stop(): Promise<ReadonlyMap<string, number>> {
      stopping = true;
      await Promise.all([looking, ...writing]);
      return acknowledged;
    },
  };
}

async function writeUntilAcknowledged(pool: pg.Pool, ownerId: string, revision: number): Promise<void> {
  const UNIQUE_VIOLATION = '23505';
  const event = { eventId: randomUUID(), ownerId, revision, occurredAt: new Date(), data: { n: revision } };
  for (;;) {
    try {
      await appendToOutbox(pool, [draftEvent(counted, event)]);
      return;
    } catch (error) {
      // The commit went through, and only its answer was lost.
      if ((error as { code?: string }).code === UNIQUE_VIOLATION) return;
      await sleep(50);
    }
  }
}

/** mulberry32 (T. Ettinger, 2017): small, and the same everywhere. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
