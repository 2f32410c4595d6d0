import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive } from '../child-process/run-child-server.ts';
import { eventually } from '../waiting/eventually.ts';
import { startNats } from './start-nats.ts';
import { startPostgres } from './start-postgres.ts';
import { startRedis } from './start-redis.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-servers-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

describe.each([
  ['nats', startNats],
  ['redis', startRedis],
])('%s', (_name, start) => {
  test('a stopped server leaves no process and no port', async () => {
    const server = await start();
    expect(await accepts(server.port)).toBe(true);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    expect(await accepts(server.port)).toBe(false);
  });

  test('a killed server starts again on its port and folder', async () => {
    const first = await start({ dataFolder: folder });
    await first.kill();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start({ dataFolder: folder, port: first.port });
    expect(second.url).toBe(first.url);
    await second.stop();
    expect(existsSync(folder)).toBe(true);
  });

  test('a paused server can still be stopped', async () => {
    const server = await start();
    server.pause();
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });
});

describe('postgres', () => {
  test('keeps its data over a kill and asks for the password it was given', async () => {
    const place = { dataFolder: join(folder, 'postgres'), password: 'a pass/word', durable: false };
    const first = await startPostgres(place);
    const run = async (url: string, sql: string) => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => {});
      await client.connect();
      const { rows } = await client.query(sql);
      await client.end();
      return rows;
    };
    await run(first.url('postgres'), 'CREATE TABLE kept (n int)');
    await first.kill();
    const second = await startPostgres({ ...place, port: first.port });
    expect(await run(second.url('postgres'), 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 0 }]);
    const stranger = second.url('postgres').replace(/postgres:[^@]*@/, 'postgres:wrong@');
    await expect(run(stranger, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await second.stop();
    expect(isAlive(second.pid)).toBe(false);
  });

  test('a folder that is no database is refused in words', async () => {
    await expect(startPostgres({ dataFolder: folder })).rejects.toThrow(/is not a Postgres data folder: move it away/);
  });
});

test('kill -9 of the process that started servers ends the servers', async () => {
  const script = `
    import { startNats } from './start-nats.ts';
    import { startRedis } from './start-redis.ts';
    import { startPostgres } from './start-postgres.ts';
    const servers = await Promise.all([
      startNats({ dataFolder: process.argv[1] + '/nats' }),
      startRedis({ dataFolder: process.argv[1] + '/redis' }),
      startPostgres({ dataFolder: process.argv[1] + '/postgres', durable: false }),
    ]);
    console.log(JSON.stringify(servers.map((server) => server.pid)));
    setInterval(() => {}, 1000);`;
  const here = fileURLToPath(new URL('.', import.meta.url));
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, folder], {
    cwd: here,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let pids: number[] = [];
  for await (const line of createInterface({ input: parent.stdout })) {
    pids = JSON.parse(line);
    break;
  }
  expect(pids).toHaveLength(3);
  expect(pids.every(isAlive)).toBe(true);
  parent.kill('SIGKILL');
  await eventually('the servers have ended', () => !pids.some(isAlive));
});
