import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, findProgram, freePort, type RedisServer, startRedis } from '@kith/local-servers';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connectRedis, type RedisConnection } from './connect-redis.ts';

const openssl = findProgram(['openssl']);
if (!openssl) process.stderr.write('Redis over TLS is not tested: there is no openssl to make certificates with.\n');

let folder: string;
let server: RedisServer;
let url: string;
const opened: RedisConnection[] = [];

/** A key and a certificate for 127.0.0.1, signed by `authority`, or by itself. */
function certificate(name: string, authority?: string): void {
  const at = (file: string) => join(folder, file);
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync(openssl as string, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const named = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at(`${name}.key`)];
  const signed = authority ? ['-CA', at(`${authority}.pem`), '-CAkey', at(`${authority}.key`)] : [];
  run('req', '-x509', ...key, ...named, ...signed, '-days', '2', '-out', at(`${name}.pem`));
}

beforeAll(async () => {
  if (!openssl) return;
  folder = await mkdtemp(join(tmpdir(), 'kith-redis-tls-'));
  for (const name of ['authority', 'stranger']) certificate(name);
  for (const name of ['server', 'client']) certificate(name, 'authority');
  certificate('forged', 'stranger');
  const port = await freePort();
  server = await startRedis({}, [
    ...['--tls-port', String(port)],
    ...['--tls-cert-file', join(folder, 'server.pem'), '--tls-key-file', join(folder, 'server.key')],
    ...['--tls-ca-cert-file', join(folder, 'authority.pem')],
  ]);
  url = server.url.replace('redis:', 'rediss:').replace(/:\d+$/, `:${port}`);
});
afterEach(() => {
  for (const redis of opened.splice(0)) redis.close();
});
afterAll(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function open(options: { url?: string; ca?: string; client?: string } = {}) {
  const read = (file: string) => readFile(join(folder, file), 'utf8');
  const lines: string[] = [];
  const keep = (_fields: object, line: string) => void lines.push(line);
  const redis = connectRedis({
    ...{ url: options.url ?? url, meanwhile: 'nobody minds', log: { info: keep, warn: keep } },
    ...(options.ca !== undefined && { ca: await read(options.ca) }),
    ...(options.client && { cert: await read(`${options.client}.pem`), key: await read(`${options.client}.key`) }),
  });
  opened.push(redis);
  return { redis, lines };
}

test.skipIf(!openssl)('with the authority’s certificates and one of our own Redis is reached by TLS', async () => {
  const { redis, lines } = await open({ ca: 'authority.pem', client: 'client' });
  await eventually('Redis answers', () => redis.connected);
  expect(await redis.send('SET', 'a', 'kept')).toBe('OK');
  expect(lines).toEqual([]);
});

test.skipIf(!openssl).each([
  ['an authority that is not known', {}, /^The certificate of Redis is not to be trusted by REDIS_CA_FILE/],
  ['another authority', { ca: 'stranger.pem', client: 'client' }, /^The certificate of Redis is not to be trusted/],
  ['no certificate of ours', { ca: 'authority.pem' }, /REDIS_CERT_FILE/],
  ['one that the server does not trust', { ca: 'authority.pem', client: 'forged' }, /REDIS_CERT_FILE/],
])(
  '%s is told in one sentence that names the variable, and nothing is said to the server',
  async (_, options, says) => {
    const { redis, lines } = await open(options);
    await eventually('it is said', () => lines.length > 0);
    expect(lines[0]).toMatch(says);
    expect(redis.connected).toBe(false);
  },
);

test.skipIf(!openssl)('TLS to a port that speaks none, and files for a URL without TLS', async () => {
  const { lines } = await open({ url: server.url.replace('redis:', 'rediss:'), ca: 'authority.pem' });
  await eventually('it is said', () => lines.length > 0);
  expect(lines[0]).toMatch(/^Redis does not answer by TLS at the address in REDIS_URL: /);
  await expect(open({ url: server.url, ca: 'authority.pem' })).rejects.toThrow(
    /^REDIS_CA_FILE: is for a REDIS_URL with TLS/,
  );
  await expect(open({ url: server.url, client: 'client' })).rejects.toThrow(/^REDIS_CERT_FILE: /);
});

test.skipIf(!openssl)(
  'the server’s certificate is replaced, then its authority, by the steps of the runbook',
  async () => {
    const read = (name: string) => readFile(join(folder, `${name}.pem`), 'utf8');
    certificate('next-authority');
    certificate('renewed', 'authority');
    certificate('next-server', 'next-authority');
    await writeFile(join(folder, 'both.pem'), (await read('authority')) + (await read('next-authority')));
    const operator = new Redis(server.url);
    onTestFinished(() => operator.disconnect());
    const present = async (name: string) => {
      const at = (ending: string) => join(folder, `${name}.${ending}`);
      await operator.config('SET', 'tls-cert-file', at('pem'), 'tls-key-file', at('key'));
    };
    const cut = () => operator.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    onTestFinished(() => present('server'));

    const old = await open({ ca: 'authority.pem', client: 'client' });
    await eventually('Redis answers', () => old.redis.connected);
    await present('renewed');
    await cut();
    await eventually('it is back, by a certificate of the same authority', () => old.redis.connected);
    // Rolled with both authorities, before the server changes.
    const rolled = await open({ ca: 'both.pem', client: 'client' });
    await eventually('Redis answers', () => rolled.redis.connected);
    await present('next-server');
    await cut();
    await eventually('who knows the old one alone is away', () => !old.redis.connected);
    await eventually(
      'it is back, by a certificate of the new authority',
      async () => rolled.redis.connected && (await rolled.redis.send('SET', 'b', 'kept')) === 'OK',
    );
    expect(old.redis.connected).toBe(false);
    const last = await open({ ca: 'next-authority.pem', client: 'client' });
    await eventually('Redis answers', () => last.redis.connected);
  },
);
