import { findTheServer } from '@kith/event-delivery';
import { eventually, type PostgresPair, startPostgresPair } from '@kith/local-servers';
import type pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createPool } from './create-pool.ts';

let pair: PostgresPair;
const log = pino({ level: 'silent' });
const pools: pg.Pool[] = [];

beforeAll(async () => {
  pair = await startPostgresPair({ durable: false });
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
  await pair.rebuildStandby();
});
afterAll(() => pair?.stop());

const portOf = (url: string) => Number(new URL(url).port);
const serving = async (pool: pg.Pool) =>
  Number((await pool.query("SELECT current_setting('port') AS port")).rows[0].port);

function open(url = pair.url('postgres'), max = 3): pg.Pool {
  const pool = createPool({ url, name: 'pair', log, max });
  pools.push(pool);
  return pool;
}

const servedBy = (pool: pg.Pool, port: number) => async () => (await serving(pool).catch(() => undefined)) === port;

test('an old primary that comes back, first in the address, is not connected to', async () => {
  if (pair.primary !== pair.nodes[0]) await failOver();
  const [old, next] = pair.nodes;
  await old.kill();
  await pair.promote();
  await old.start();
  expect((await old.tell('SELECT pg_is_in_recovery() AS standby'))[0]).toEqual({ standby: false });
  expect(portOf(await findTheServer(pair.url('postgres')))).toBe(next.port);
  expect(await serving(open())).toBe(next.port);
});

test('a pool does not go back to the old primary while the one that was promoted is away', async () => {
  const pool = open();
  const [old, next] = [pair.primary, pair.standby];
  expect(await serving(pool)).toBe(old.port);
  await old.kill();
  await pair.promote();
  await eventually('the promoted one serves', servedBy(pool, next.port));
  await next.stop();
  await old.start();
  for (let n = 0; n < 5; n += 1) await expect(pool.query('SELECT 1')).rejects.toThrow();
  await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '25006', name: 'OldPrimary' });
  await next.start();
  await eventually('the promoted one serves again', servedBy(pool, next.port));
});

test('a primary that hangs while its standby is promoted is left: what waits for it fails, and it is not met again', async () => {
  const pool = open();
  const [old, next] = [pair.primary, pair.standby];
  const held = await pool.connect();
  await held.query('BEGIN');
  old.pause();
  const waiting = held.query('SELECT 1').catch((error) => error);
  await pair.promote();
  expect(await waiting).toMatchObject({ code: 'ECONNRESET' });
  held.release();
  await eventually('the promoted one serves', servedBy(pool, next.port));
  old.resume();
  for (let n = 0; n < 10; n += 1) expect(await serving(pool)).toBe(next.port);
});

test('a primary that still answers, and whose commits wait for ever, is left when its standby was promoted', async () => {
  const pool = open();
  const [old, next] = [pair.primary, pair.standby];
  expect(await serving(pool)).toBe(old.port);
  await pair.promote();
  const refused = pool.query('CREATE TABLE written_to_the_old_primary ()').catch((error) => error);
  await eventually('the promoted one serves', servedBy(pool, next.port));
  expect(await refused).toBeInstanceOf(Error);
  expect((await next.tell("SELECT to_regclass('written_to_the_old_primary')::text AS it"))[0]).toEqual({ it: null });
});

test('who has no rights but those of everybody is told which server was promoted last', async () => {
  await pair.primary.tell('DROP ROLE IF EXISTS nobody; CREATE ROLE nobody LOGIN');
  await pair.primary.kill();
  await pair.promote();
  await pair.standby.start();
  const url = pair.url('postgres').replace('postgres@', 'nobody@');
  expect(portOf(await findTheServer(url))).toBe(pair.primary.port);
});

async function failOver(): Promise<void> {
  await pair.primary.kill();
  await pair.promote();
  await pair.rebuildStandby();
}
