import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { checksumOf, type Migration, migrate } from './apply-migrations.ts';

let url: string;
let client: pg.Client;
beforeEach(async () => {
  const server = new URL(inject('postgresUrl'));
  server.pathname = `/migrations_${process.pid}_${Math.floor(performance.now() * 1000)}`;
  url = server.href;
  await migrate(url, 'user', []);
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterEach(() => client.end());

const migration = (name: string, script: string): Migration => ({ name, script, checksum: checksumOf(script) });
const first = migration('20260101000000_first', 'CREATE TABLE a (n int); INSERT INTO a VALUES (1);');
const second = migration('20260102000000_second', 'ALTER TABLE a ADD COLUMN m int;');
const books = async () =>
  (await client.query('SELECT * FROM _prisma_migrations ORDER BY migration_name')).rows as Record<string, unknown>[];

test('each migration is applied once and booked as Prisma books it', async () => {
  expect(await migrate(url, 'user', [first])).toEqual({ applied: [first.name] });
  expect(await migrate(url, 'user', [first, second])).toEqual({ applied: [second.name] });
  expect(await migrate(url, 'user', [first, second])).toEqual({ applied: [] });
  expect(await books()).toEqual(
    [first, second].map(({ name, checksum }) => ({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      checksum,
      migration_name: name,
      logs: null,
      rolled_back_at: null,
      started_at: expect.any(Date),
      finished_at: expect.any(Date),
      applied_steps_count: 1,
    })),
  );
});

test('two runners at the same moment apply each migration once', async () => {
  const runs = await Promise.all([1, 2, 3].map(() => migrate(url, 'user', [first, second])));
  expect(runs.flatMap(({ applied }) => applied).sort()).toEqual([first.name, second.name]);
});

test('a migration changed after it was applied is an error that says what to do', async () => {
  await migrate(url, 'user', [first]);
  const changed = migration(first.name, 'CREATE TABLE b (n int);');
  await expect(migrate(url, 'user', [changed])).rejects.toThrow(/changed after it was applied: restore .* from git/);
});

test('a failing migration leaves nothing behind, names its line, and the ones before it stay', async () => {
  const broken = migration('20260103000000_broken', 'CREATE TABLE half (n int);\nINSERT INTO nowhere VALUES (1);');
  await expect(migrate(url, 'user', [first, broken, second])).rejects.toThrow(/failed at line 2 and was rolled back/);
  expect((await books()).map((row) => row.migration_name)).toEqual([first.name]);
  expect((await client.query("SELECT to_regclass('half') AS half")).rows).toEqual([{ half: null }]);
});

test('a migration that Prisma began and never finished stops the runner', async () => {
  await client.query(
    "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ('x', $1, $2, 'it broke')",
    [first.checksum, first.name],
  );
  await expect(migrate(url, 'user', [first])).rejects.toThrow(/begun and never finished/);
});
