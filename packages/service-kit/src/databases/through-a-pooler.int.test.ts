import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasItsOwnSession } from '@kith/event-delivery';
import {
  findProgram,
  PGBOUNCER_COMMANDS,
  type PgBouncer,
  type PostgresServer,
  startPgBouncer,
  startPostgres,
} from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createPool, type PoolOptions, postgresIn } from './create-pool.ts';

const thereIsNone = findProgram(PGBOUNCER_COMMANDS) === undefined;
let folder: string;
let postgres: PostgresServer;
// One session for all clients: what one leaves in it, the next one finds.
let pooler: PgBouncer;
let url: string;
const log = pino({ level: 'silent' });
const pools: pg.Pool[] = [];

beforeAll(async () => {
  if (thereIsNone) return;
  folder = await mkdtemp(join(tmpdir(), 'kith-pooled-'));
  postgres = await startPostgres({ dataFolder: join(folder, 'postgres'), durable: false });
  pooler = await startPgBouncer({ postgres, poolSize: 1 });
  const admin = new pg.Client({ connectionString: postgres.url('postgres') });
  await admin.connect();
  await admin.query('CREATE DATABASE pooled');
  await admin.end();
  url = pooler.through(postgres.url('pooled'));
});
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.end();
});
afterAll(async () => {
  await pooler?.stop();
  await postgres?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

function open(options: Partial<PoolOptions> = {}): pg.Pool {
  const pool = createPool({ url, name: 'pooled', log, max: 4, ...options });
  pools.push(pool);
  return pool;
}

const SETTINGS = `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
  current_setting('TimeZone') AS zone`;
const named = (n: number) => ({ name: 'the-same', text: 'SELECT $1::int AS n', values: [n] });

test.skipIf(thereIsNone)('a connection to a pooler is told from a session', async () => {
  const direct = createPool({ url: postgres.url('pooled'), name: 'direct', log });
  pools.push(direct);
  for (const [pool, own] of [
    [open(), false],
    [direct, true],
  ] as const) {
    const client = await pool.connect();
    expect(await hasItsOwnSession(client)).toBe(own);
    client.release();
  }
});

test.skipIf(thereIsNone)(
  'two pools on one session have each its own timeouts, within a transaction and without, and leave none behind',
  async () => {
    const [short, long] = [open({ statementWithinMs: 2_000, lockWithinMs: 700 }), open({ statementWithinMs: 60_000 })];
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await short.query(SETTINGS)).rows).toEqual([{ statement: '2s', lock: '700ms', zone: 'UTC' }]);
      expect((await long.query(SETTINGS)).rows).toEqual([{ statement: '1min', lock: '10s', zone: 'UTC' }]);
      const client = await short.connect();
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      expect((await client.query(SETTINGS)).rows).toEqual([{ statement: '2s', lock: '700ms', zone: 'UTC' }]);
      await client.query('COMMIT');
      client.release();
    }
    const bare = new pg.Client({ connectionString: url });
    await bare.connect();
    expect((await bare.query(SETTINGS)).rows).toMatchObject([{ statement: '0', lock: '0' }]);
    await bare.end();
  },
);

test.skipIf(thereIsNone)(
  'a statement that takes too long is given up with its code, and the session is good for the next',
  async () => {
    const pool = open({ statementWithinMs: 100, max: 1 });
    await expect(pool.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
    await expect(pool.query('SELECT nothing')).rejects.toMatchObject({ code: '42703' });
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  },
);

test.skipIf(thereIsNone)(
  'statements of one name from many connections do not collide, whatever their text',
  async () => {
    const many = [open(), open(), open({ preparedStatements: 'off' })];
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => many[n % 3]!.query(named(n))));
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    const other = await many[0]!.query({ name: 'the-same', text: 'SELECT $1::text AS t', values: ['text'] });
    expect(other.rows).toEqual([{ t: 'text' }]);
  },
);

test.skipIf(thereIsNone)(
  'names that a pooler does not carry, and that configuration insists on, make the service not ready',
  async () => {
    const [one, other] = [open({ preparedStatements: 'on', max: 1 }), open({ preparedStatements: 'on', max: 1 })];
    expect(await postgresIn(one)).toEqual({ readable: true, writable: true });
    expect(await postgresIn(other)).toEqual({ readable: false, writable: false });
  },
);

test.skipIf(thereIsNone)(
  'statements at the same moment on one connection are each committed before they are answered',
  async () => {
    const pool = open({ max: 1 });
    await pool.query('CREATE TABLE written (n int PRIMARY KEY)');
    const client = await pool.connect();
    const insert = (n: number) => client.query('INSERT INTO written VALUES ($1)', [n]);
    const ends = await Promise.allSettled([insert(1), insert(1), insert(2)]);
    client.release();
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await pool.query('SELECT n FROM written ORDER BY n')).rows).toEqual([{ n: 1 }, { n: 2 }]);
  },
);

test.skipIf(thereIsNone)(
  'a constraint that is looked at when the transaction ends fails the statement that it is',
  async () => {
    const pool = open();
    await pool.query('CREATE TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
    await expect(pool.query('INSERT INTO late VALUES (1), (1)')).rejects.toMatchObject({ code: '23505' });
    expect((await pool.query('SELECT FROM late')).rows).toEqual([]);
  },
);

test.skipIf(thereIsNone)('migrations leave no lock behind in a session that others use next', async () => {
  const applied = [];
  for (let run = 0; run < 3; run += 1) applied.push((await migrate(url, 'friend')).applied.length);
  expect(applied[0]).toBeGreaterThan(0);
  expect(applied.slice(1)).toEqual([0, 0]);
  const LOCKS = "SELECT FROM pg_locks WHERE locktype = 'advisory'";
  expect((await open().query(LOCKS)).rows).toEqual([]);
});
