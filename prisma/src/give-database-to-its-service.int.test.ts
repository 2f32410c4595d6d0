import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '@kith/local-servers';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from './apply-migrations.ts';
import { asRole, giveDatabaseToItsService } from './give-database-to-its-service.ts';

const USER = { role: 'kith_user', password: "p'a:ss@w/ord" };
const FRIEND = { role: 'kith_friend', password: 'another' };

let folder: string;
let postgres: PostgresServer;
let urls: { user: string; friend: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-roles-'));
  postgres = await startPostgres({ dataFolder: join(folder, 'postgres'), password: 'the superuser’s', durable: false });
  urls = { user: postgres.url('kith_user'), friend: postgres.url('kith_friend') };
  // As an earlier version left them: made by the superuser, who owns all of it.
  await migrate(urls.user, 'user');
  await migrate(urls.friend, 'friend');
  await run(
    urls.user,
    'CREATE SCHEMA more; CREATE TYPE more.mood AS ENUM ($$glad$$); CREATE VIEW more.v AS SELECT 1 AS one',
  );
  await run(urls.user, 'CREATE FUNCTION more.two() RETURNS int LANGUAGE sql AS $$ SELECT 2 $$');
  await giveDatabaseToItsService(urls.user, USER);
  await giveDatabaseToItsService(urls.friend, FRIEND);
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql)).rows ?? [];
  } finally {
    await client.end().catch(() => undefined);
  }
}

test('a service owns its database and everything in it', async () => {
  const url = asRole(urls.user, USER);
  expect(
    await run(
      url,
      `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
          AND pg_get_userbyid(c.relowner) <> current_user`,
    ),
  ).toEqual([]);
  await run(url, 'CREATE TABLE mine (n serial PRIMARY KEY); ALTER TABLE outbox ADD COLUMN more int; DROP TABLE mine');
  // Who owns a schema may drop what is in it; only who owns that may change it.
  await run(url, 'CREATE OR REPLACE FUNCTION more.two() RETURNS int LANGUAGE sql AS $$ SELECT 1 + 1 $$');
  await run(url, "ALTER TYPE more.mood ADD VALUE 'sad'");
  await run(url, 'CREATE OR REPLACE VIEW more.v AS SELECT 2 AS one');
  await run(url, 'ALTER SCHEMA more RENAME TO most; ALTER SCHEMA most RENAME TO more');
  await run(url, 'DROP VIEW more.v; DROP FUNCTION more.two; DROP TYPE more.mood; DROP SCHEMA more');
});

test('it may not even connect to the other, nor become more than it is', async () => {
  const url = asRole(urls.user, USER);
  for (const other of ['kith_friend']) {
    await expect(run(asRole(postgres.url(other), USER), 'SELECT 1')).rejects.toMatchObject({ code: '42501' });
  }
  await expect(run(asRole(urls.user, FRIEND), 'SELECT 1')).rejects.toMatchObject({ code: '42501' });
  for (const sql of [
    'CREATE ROLE more',
    'ALTER ROLE kith_user SUPERUSER',
    'CREATE DATABASE more',
    'SELECT pg_read_file($$postgresql.conf$$)',
    'COPY (SELECT 1) TO PROGRAM $$true$$',
    'SET ROLE kith_friend',
    'SELECT rolpassword FROM pg_authid',
  ]) {
    await expect(run(url, sql)).rejects.toMatchObject({ code: '42501' });
  }
});

test('it is given over anew with every start: what the superuser added since, and a new password', async () => {
  await run(urls.friend, 'CREATE TABLE added (n int)');
  const again = { ...FRIEND, password: 'a new one' };
  await giveDatabaseToItsService(urls.friend, again);
  await run(asRole(urls.friend, again), 'ALTER TABLE added ADD COLUMN more int');
  await expect(run(asRole(urls.friend, FRIEND), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
});
