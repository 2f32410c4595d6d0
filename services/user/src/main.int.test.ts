import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, startNats } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import { usersOfNats } from '@kith/services';
import { afterAll, expect, test } from 'vitest';

const folder = await mkdtemp(join(tmpdir(), 'kith-user-main-'));
const [database, nats, port] = await Promise.all([
  createTestDatabase('user'),
  startNats({ users: usersOfNats }),
  freePort(),
]);
afterAll(async () => {
  await Promise.all([database.drop(), nats.stop(), rm(folder, { recursive: true })]);
});
const good = {
  PORT: String(port),
  USER_DATABASE_URL: database.url,
  NATS_URL: nats.urlOf('user'),
  GATEWAY_KEY: 'the-gateway-key-of-the-tests',
  OPERATOR_KEY: 'the-operator-key-of-the-tests',
  SIGNING_KEY_FILE: join(folder, 'signing-keys.json'),
};

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { env });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said, ended };
}

test('it becomes ready, and on SIGTERM stops with 0', async () => {
  const { child, said, ended } = run(good);
  const ready = () => fetch(`http://127.0.0.1:${port}/ready`).then(({ ok }) => ok);
  await eventually('the process is ready', ready);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  // Nothing but JSON lines, and few of them when all is well.
  const lines = said.out.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['starts', 'ready', 'stops', 'stopped']);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: 'info', name: 'user' });
  expect(said.err).toBe('');
});

test.each([
  ['PORT', { PORT: 'x' }],
  ['USER_DATABASE_URL', { USER_DATABASE_URL: 'mysql://x' }],
  ['GATEWAY_KEY', { GATEWAY_KEY: 'short' }],
  ['GATEWAY_KEY', { GATEWAY_KEY: 'the-gateway-key-that-is-new,' }],
  ['OPERATOR_KEY', { OPERATOR_KEY: 'the-operator-key-that-is-new,secret' }],
  ['NATS_URL', { NATS_URL: 'nats://user:se/cret@127.0.0.1:4222' }],
  ['NATS_URL', { NATS_URL: 'nats://user:1/secret@127.0.0.1:4222' }],
  ['NATS_URL', { NATS_URL: nats.urlOf('user').replace(/:[0-9a-f]+@/, ':secret@') }],
  ['NATS_URL', { NATS_URL: `nats://127.0.0.1:${nats.port}` }],
  ['SIGNING_KEY_FILE', { SIGNING_KEY_FILE: join(folder, 'no', 'such', 'folder', 'keys.json') }],
])('a bad %s ends it with its name', async (variable, bad) => {
  const { said, ended } = run({ ...good, ...bad });
  expect(await ended).toBe(1);
  expect(said.err).toMatch(new RegExp(`^${variable}: .+\n$`));
  expect(said.err + said.out).not.toContain('secret');
});
