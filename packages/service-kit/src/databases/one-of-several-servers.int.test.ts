import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTheServer } from '@kith/event-delivery';
import { eventually, freePort, type PostgresServer, startPostgres } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startWhenPostgresAnswers } from '../process/start-when-postgres-answers.ts';
import { createPool } from './create-pool.ts';

let folder: string;
let servers: [PostgresServer, PostgresServer];
let nobody: number;
const log = pino({ level: 'silent' });
const pools: pg.Pool[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-several-'));
  const start = (name: string) => startPostgres({ dataFolder: join(folder, name, 'postgres'), durable: false });
  servers = [await start('a'), await start('b')];
  nobody = await freePort();
});
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.end();
  for (const server of servers) await demote(server, false);
});
afterAll(async () => {
  await Promise.all((servers ?? []).map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** As a primary that is demoted: sessions go on, and may only read. */
async function demote(server: PostgresServer, readOnly = true): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${readOnly ? 'on' : 'off'}`);
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}

const addressOf = (ports: readonly number[], wanted = 'read-write', database = 'postgres') =>
  `postgres://postgres@${ports.map((port) => `127.0.0.1:${port}`)}/${database}?target_session_attrs=${wanted}`;
const portOf = (url: string) => Number(new URL(url).port);
const serving = async (pool: pg.Pool) =>
  Number((await pool.query("SELECT current_setting('port') AS port")).rows[0].port);

function open(url: string): pg.Pool {
  const pool = createPool({ url, name: 'several', log, max: 3 });
  pools.push(pool);
  return pool;
}

test('the first that answers and fits is found, in the order of the address', async () => {
  const [a, b] = servers.map(({ port }) => port) as [number, number];
  expect(portOf(await findTheServer(addressOf([a, b])))).toBe(a);
  expect(portOf(await findTheServer(addressOf([nobody, b, a])))).toBe(b);
  await demote(servers[0]);
  await eventually('it is demoted', async () => portOf(await findTheServer(addressOf([a, b]))) === b);
  expect(portOf(await findTheServer(addressOf([b, a], 'read-only')))).toBe(a);
  expect(portOf(await findTheServer(addressOf([a, b], 'any')))).toBe(a);
});

test('where none fits the error is that of a server which may only be read; where none answers, what the last says', async () => {
  const ports = servers.map(({ port }) => port);
  await expect(findTheServer(addressOf([...ports, nobody], 'standby'))).rejects.toMatchObject({ code: '25006' });
  await expect(findTheServer(addressOf([nobody, nobody]))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a server that is frozen holds up nobody for good', async () => {
  const [a, b] = servers;
  a.pause();
  try {
    expect(await serving(open(addressOf([a.port, b.port])))).toBe(b.port);
  } finally {
    a.resume();
  }
});

test('a pool leaves a server that is demoted, and writes to the other', async () => {
  const [a, b] = servers;
  const pool = open(addressOf([a.port, b.port]));
  expect(await serving(pool)).toBe(a.port);
  await demote(a);
  const write = () => pool.query('CREATE TABLE IF NOT EXISTS moved ()');
  await eventually('it writes', async () => {
    const moved = (await serving(pool).catch(() => undefined)) === b.port;
    await write().catch(() => undefined);
    return moved;
  });
  await write();
});

test('a pool whose server was stopped goes on with the other', async () => {
  const [a, b] = servers;
  const folderOfA = join(folder, 'a', 'postgres');
  const pool = open(addressOf([a.port, b.port]));
  expect(await serving(pool)).toBe(a.port);
  await a.stop();
  try {
    await eventually('the other serves', async () => (await serving(pool).catch(() => undefined)) === b.port);
  } finally {
    servers[0] = await startPostgres({ dataFolder: folderOfA, port: a.port, durable: false });
  }
});

test('a database is made and migrated where it can be written', async () => {
  const [a, b] = servers;
  await demote(a);
  const url = addressOf([nobody, a.port, b.port], 'read-write', 'made');
  await eventually('it is demoted', async () => portOf(await findTheServer(url)) === b.port);
  expect((await migrate(await findTheServer(url), 'user')).applied.length).toBeGreaterThan(0);
  expect((await open(url).query('SELECT FROM _prisma_migrations')).rowCount).toBeGreaterThan(0);
});

test('a start while no server may be written waits for the promotion, and says once what it waits for', async () => {
  const [a, b] = servers.map(({ port }) => port) as [number, number];
  await demote(servers[0]);
  await demote(servers[1]);
  await eventually('both may only be read', () =>
    findTheServer(addressOf([a, b])).then(
      () => false,
      () => true,
    ),
  );
  const said: string[] = [];
  const tell = (_: unknown, text: string) => void said.push(text);
  const pool = open(addressOf([a, b]));
  let tries = 0;
  const started = startWhenPostgresAnswers(
    async () => {
      tries += 1;
      return serving(pool);
    },
    { variable: 'FRIEND_DATABASE_URL', log: { info: tell, warn: tell } as never },
  );
  await eventually('it has tried again', () => tries > 2);
  expect(said).toEqual(['Postgres does not answer: not ready until it does']);
  await demote(servers[1], false);
  expect(await started).toBe(b);
  expect(said).toHaveLength(2);
});

test('a start that fails by something else fails at once', async () => {
  const log = { info: () => undefined, warn: () => undefined } as never;
  const pool = open(addressOf([servers[0].port]));
  const missing = () => pool.query('SELECT FROM what_nobody_has_made');
  await expect(startWhenPostgresAnswers(missing, { variable: 'FRIEND_DATABASE_URL', log })).rejects.toThrow(
    /what_nobody_has_made/,
  );
  const nowhere = open(addressOf([servers[0].port], 'read-write', 'no_such_database'));
  await expect(
    startWhenPostgresAnswers(() => nowhere.query('SELECT'), { variable: 'FRIEND_DATABASE_URL', log }),
  ).rejects.toThrow(/^FRIEND_DATABASE_URL: Postgres refuses it: .*no_such_database/);
});
