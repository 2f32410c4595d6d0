import { eventually } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import type pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, expect, test } from 'vitest';
import { createPool } from './create-pool.ts';
import { readUntilCallerLeaves } from './read-until-caller-leaves.ts';

const database = await createTestDatabase('user');
const log = pino({ level: 'silent' });
const watcher = createPool({ url: database.url, name: 'watcher', log });
const pools: pg.Pool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.end();
});
afterAll(async () => {
  await watcher.end();
  await database.drop();
});

function open(max: number): pg.Pool {
  const pool = createPool({ url: database.url, name: 'left', log, max });
  pools.push(pool);
  return pool;
}

const sleeping = { name: 'sleep', text: 'SELECT pg_sleep(55)', values: [] };
const pidOf = { name: 'pid', text: 'SELECT pg_backend_pid() AS pid', values: [] };

async function running(): Promise<number> {
  const { rows } = await watcher.query(
    `SELECT FROM pg_stat_activity WHERE application_name = 'left' AND state = 'active' AND query LIKE '%pg_sleep%'`,
  );
  return rows.length;
}

test('a statement whose caller leaves is gone from Postgres, and its connection serves the next', async () => {
  const pool = open(1);
  const stays = new AbortController();
  const [before] = (await readUntilCallerLeaves(pool, () => stays.signal).query<{ pid: number }>(pidOf)).rows;
  const leaves = new AbortController();
  const asked = readUntilCallerLeaves(pool, () => leaves.signal).query(sleeping);
  const refused = expect(asked).rejects.toMatchObject({ code: '57014' });
  await eventually('it runs', async () => (await running()) === 1);
  leaves.abort();
  await refused;
  expect(await running()).toBe(0);
  const [after] = (await readUntilCallerLeaves(pool, () => stays.signal).query<{ pid: number }>(pidOf)).rows;
  expect(after).toEqual(before);
});

test('who leaves while waiting for a connection has nothing begun', async () => {
  const pool = open(1);
  const held = await pool.connect();
  const leaves = new AbortController();
  const asked = readUntilCallerLeaves(pool, () => leaves.signal).query(sleeping);
  const refused = expect(asked).rejects.toThrow();
  leaves.abort();
  held.release();
  await refused;
  expect(pool.idleCount).toBe(1);
  await expect(readUntilCallerLeaves(pool, () => leaves.signal).query(pidOf)).rejects.toThrow();
});

test('those who leave at the moment when they are answered cut nobody who comes after', async () => {
  const pool = open(2);
  for (let n = 0; n < 200; n += 1) {
    const leaves = new AbortController();
    const asked = readUntilCallerLeaves(pool, () => leaves.signal).query(pidOf);
    const next = readUntilCallerLeaves(pool, () => new AbortController().signal).query({
      ...{ name: 'short', text: 'SELECT pg_sleep(0.002)', values: [] },
    });
    setTimeout(() => leaves.abort(), n % 3);
    await asked.catch(() => undefined);
    leaves.abort();
    await next;
  }
});

test('a caller who has been answered and leaves then cancels nothing', async () => {
  const pool = open(1);
  const leaves = new AbortController();
  await readUntilCallerLeaves(pool, () => leaves.signal).query(pidOf);
  const next = pool.query('SELECT pg_sleep(0.1)');
  leaves.abort();
  await next;
});

test('a statement that is held up has half of the connections, however many ask for it, and others are answered', async () => {
  const pool = open(4);
  const leaves = new AbortController();
  const reads = readUntilCallerLeaves(pool, () => leaves.signal);
  const asked = Promise.allSettled(Array.from({ length: 20 }, () => reads.query(sleeping)));
  await eventually('its places are taken', async () => (await running()) === 2);
  expect(await Promise.all([reads.query(pidOf), reads.query(pidOf)])).toHaveLength(2);
  expect(await running()).toBe(2);
  leaves.abort();
  expect((await asked).map(({ status }) => status)).toEqual(Array(20).fill('rejected'));
  expect(await running()).toBe(0);
});
