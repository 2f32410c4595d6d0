import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askWhetherReady, eventually, freePort, startNats } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import { databaseOf, WITH_DATABASE } from '@kith/services';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

let folder: string;
let nats: Awaited<ReturnType<typeof startNats>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-waits-'));
  nats = await startNats();
});
afterAll(async () => {
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(program: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../..', program)], { env });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, said, ended };
}

/** Where nobody is, until its way to Postgres is opened. */
async function aWayTo(databaseUrl: string) {
  const port = await freePort();
  const { hostname, port: there } = new URL(databaseUrl);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const onwards = net.connect(Number(there), hostname);
    for (const each of [socket, onwards]) {
      sockets.add(each.on('error', () => undefined).on('close', () => sockets.delete(each)));
    }
    socket.pipe(onwards).pipe(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  return { url: url.href, open: () => once(server.listen(port, '127.0.0.1'), 'listening') };
}

const KEYS = { GATEWAY_KEY: 'a-key-of-sixteen-characters', OPERATOR_KEY: 'another-key-of-sixteen-characters' };

async function environmentFor(service: (typeof WITH_DATABASE)[number], databaseUrl: string, port: number) {
  const nobody = `127.0.0.1:${await freePort()}`;
  return {
    ...{ ...KEYS, PORT: String(port), NATS_URL: nats.url, REDIS_URL: `redis://${nobody}` },
    ...{ USER_URL: `http://${nobody}`, SIGNING_KEY_FILE: join(folder, `${service}.json`) },
    [databaseOf(service).urlVariable]: databaseUrl,
  };
}

test.each(WITH_DATABASE)(
  'the %s process that starts while its Postgres is away is alive and not ready, and becomes ready by itself',
  async (service) => {
    const [database, port] = await Promise.all([createTestDatabase(service), freePort()]);
    onTestFinished(() => database.drop());
    const way = await aWayTo(database.url);
    const env = await environmentFor(service, way.url, port);
    const { child, said, ended } = run(`services/${service}/src/main.ts`, env);
    const url = `http://127.0.0.1:${port}`;
    await eventually('it says what it misses', async () => (await askWhetherReady(url)).missing.includes('postgres'));
    expect((await fetch(`${url}/live`)).status).toBe(200);
    expect((await fetch(`${url}/ready`)).status).toBe(503);
    const lines = said.out.match(/^\{.*\}$/gm)?.map((line) => JSON.parse(line)) ?? [];
    const { urlVariable: variable } = databaseOf(service);
    expect(lines.filter((line) => line.variable === variable && line.level === 'warn')).toHaveLength(1);
    await way.open();
    await eventually('it is ready', async () => (await fetch(`${url}/ready`)).ok);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  },
);

test.each(WITH_DATABASE)('the %s process that Postgres refuses ends with one sentence', async (service) => {
  const database = await createTestDatabase(service);
  onTestFinished(() => database.drop());
  const { urlVariable } = databaseOf(service);
  const nobody = new URL(database.url);
  nobody.username = 'nobody_of_that_name';
  const { said, ended } = run(
    `services/${service}/src/main.ts`,
    await environmentFor(service, nobody.href, await freePort()),
  );
  expect(await ended).toBe(1);
  expect(said.err).toMatch(new RegExp(`^${urlVariable}: Postgres refuses it: .*nobody_of_that_name.*\n$`));
});

test('migrations wait for a Postgres that is away, and are applied when it answers', async () => {
  const databases = await Promise.all(WITH_DATABASE.map((service) => createTestDatabase(service)));
  onTestFinished(async () => void (await Promise.all(databases.map((database) => database.drop()))));
  const [away, ...others] = databases;
  const way = await aWayTo(away!.url);
  const urls = [way.url, ...others.map(({ url }) => url)];
  const env = Object.fromEntries(WITH_DATABASE.map((service, n) => [databaseOf(service).urlVariable, urls[n]!]));
  const { said, ended } = run('local/src/one-shot/migrate-databases.ts', env);
  await eventually('it waits', () => said.out.includes('Postgres does not answer'));
  await way.open();
  expect(await ended).toBe(0);
  for (const service of WITH_DATABASE) expect(said.out).toContain(`${service}: nothing to apply`);
});
