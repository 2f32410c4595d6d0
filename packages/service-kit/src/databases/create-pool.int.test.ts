import { eventually } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import type pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { createPool, type PoolOptions, postgresIn } from './create-pool.ts';
import { openDatabase } from './open-database.ts';

const database = await createTestDatabase('user');
const log = pino({ level: 'silent' });
const pools: { end(): Promise<void> }[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.end();
});
afterAll(() => database.drop());

function open(options: Partial<PoolOptions> = {}): pg.Pool {
  const pool = createPool({ url: database.url, name: 'pool', log, max: 2, ...options });
  pools.push(pool);
  return pool;
}

const pidOf = async (client: pg.PoolClient | pg.Pool) =>
  (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;

test('a connection that is cut while it is lent, by whoever forgot to listen, ends nobody', async () => {
  const pool = open();
  const client = await pool.connect();
  const ended = new Promise((resolve) => client.once('end', resolve));
  // Behind a pooler it has a session only inside a transaction.
  await client.query('BEGIN');
  await pool.query('SELECT pg_terminate_backend($1)', [await pidOf(client)]);
  await ended;
  await expect(client.query('SELECT 1')).rejects.toThrow();
  client.release();
  expect(await pidOf(pool)).toBeGreaterThan(0);
});

test('a connection to a server that became read-only is replaced, and so are its neighbours, when they are given back', async () => {
  const pool = open();
  const [one, other] = [await pool.connect(), await pool.connect()];
  await one.query('BEGIN READ ONLY');
  await expect(one.query('CREATE TABLE refused ()')).rejects.toMatchObject({ code: '25006' });
  await one.query('ROLLBACK');
  one.release();
  other.release();
  const [next, after] = [await pool.connect(), await pool.connect()];
  // Behind a pooler the sessions may be the same ones: what is replaced is the connection.
  for (const connection of [next, after]) expect([one, other].some((old) => old === connection)).toBe(false);
  next.release();
  after.release();
});

test('a lock that is not to be had and a statement that takes too long are given up, with their codes', async () => {
  const pool = open({ lockWithinMs: 50, statementWithinMs: 200 });
  const holder = await open().connect();
  await holder.query('BEGIN');
  await holder.query('SELECT pg_advisory_xact_lock(1)');
  await expect(pool.query('SELECT pg_advisory_xact_lock(1)')).rejects.toMatchObject({ code: '55P03' });
  await expect(pool.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
  holder.release(true);
});

test('whether Postgres answers, and whether it takes changes', async () => {
  const [pool, neighbour] = [open({ max: 1 }), open()];
  expect(await postgresIn(pool)).toEqual({ readable: true, writable: true });
  await pool.query('SET default_transaction_read_only = on');
  expect(await postgresIn(pool)).toEqual({ readable: true, writable: false });
  await neighbour.query('SELECT pg_terminate_backend($1)', [await pidOf(pool)]).catch(() => undefined);
  await eventually('it writes again', async () => (await postgresIn(pool)).writable);
  const nowhere = createPool({ url: 'postgres://nobody@127.0.0.1:1/nothing', name: 'nowhere', log });
  pools.push(nowhere);
  expect(await postgresIn(nowhere)).toEqual({ readable: false, writable: false });
});

test('a Postgres that does not answer is away after a while, and is not waited for', async () => {
  const pool = open({ max: 1 });
  await eventually('it answers', async () => (await postgresIn(pool)).writable);
  const held = await pool.connect();
  expect(await postgresIn(pool)).toEqual({ readable: true, writable: true });
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(60_000);
  expect(await postgresIn(pool)).toEqual({ readable: false, writable: false });
  vi.useRealTimers();
  held.release();
  await eventually('it answers again', async () => (await postgresIn(pool)).writable);
});

test.each([2, 4, 5, 8, 12, 16, 200])('%i connections are divided, and are no more together', async (connections) => {
  const all = openDatabase({ url: database.url, name: 'divided', log, connections });
  const distinct = new Set([all.reads, all.commands, all.background, all.upkeep]);
  const sizes = [...distinct].map(({ options }) => options.max);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(connections);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  await all.end();
});

test('commands that hold every connection of theirs leave reads, background and upkeep their own', async () => {
  const all = openDatabase({ url: database.url, name: 'starved', log, connections: 8 });
  const held = await Promise.all(Array.from({ length: all.commands.options.max }, () => all.commands.connect()));
  for (const pool of [all.reads, all.background, all.upkeep]) expect(await pidOf(pool)).toBeGreaterThan(0);
  for (const client of held) client.release();
  await all.end();
});
