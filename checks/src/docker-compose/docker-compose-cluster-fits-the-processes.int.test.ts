import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { gatewayConfig } from '@kith/gateway';
import { credentialsConfig, loadService, migrateConfig, nodeProgram, seedConfig, workspaceRoot } from '@kith/local';
import { findProgram, NATS_COMMANDS, redisProgram } from '@kith/local-servers';
import { parseConfig } from '@kith/service-kit';
import type { SERVICE_NAMES } from '@kith/services';
import { afterAll, expect, test } from 'vitest';
import { readCompose } from './read-compose.ts';

const compose = readCompose('docker-compose.yml', 'docker-compose.cluster.yml');
const serviceOf = (name: string) => {
  const service = compose.services[name];
  if (!service) throw new Error(`There is no service ${name}`);
  return service;
};

/** `${NAME:-default}` as compose fills it in when NAME is not set, and `$$` as it is written. */
const filledIn = (value: string | number) =>
  String(value)
    .replaceAll(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1')
    .replaceAll('$$', '$');
const writtenOf = (name: string) =>
  Object.fromEntries(Object.entries(serviceOf(name).environment ?? {}).map(([key, value]) => [key, filledIn(value)]));

/** What the service `credentials` makes. */
const credentials = mkdtempSync(join(tmpdir(), 'kith-cluster-credentials-'));
execFileSync(nodeProgram(), [join(workspaceRoot, serviceOf('credentials').command?.[1] ?? '')], {
  env: { PATH: process.env.PATH, ...writtenOf('credentials'), CREDENTIALS_FOLDER: credentials },
});
afterAll(() => rmSync(credentials, { recursive: true }));

/** Of each process: the container's name, and whose program and credentials it has. */
const PROCESSES = [
  ...['user', 'user-2', 'friend', 'friend-2', 'webhook', 'gateway', 'gateway-2'].map(
    (name) => [name, name.replace(/-2$/, '')] as const,
  ),
];
const environmentOf = (name: string, who: string): Record<string, string | undefined> => ({
  ...parseEnv(readFileSync(join(credentials, who, 'env'), 'utf8')),
  ...writtenOf(name),
});
const namedIn = (list: string) =>
  [...list.matchAll(/(?:@|,|\/\/)([a-z][a-z0-9-]*):\d{4,5}(?=[,/]|$)/g)].map(([, host]) => host);

test.each(PROCESSES)('%s is given what it requires, and nothing it does not know', async (name, who) => {
  const schema =
    who === 'gateway' ? gatewayConfig : (await loadService(who as (typeof SERVICE_NAMES)[number])).configSchema;
  const environment = environmentOf(name, who);
  expect(() => parseConfig(schema, environment)).not.toThrow();
  expect(Object.keys(environment).filter((variable) => !(variable in schema.shape))).toEqual([]);
  if (who !== 'gateway') expect(environment.STREAM_REPLICAS).toBe('3');
  expect(namedIn(environment.NATS_URL ?? '')).toEqual(['nats', 'nats-2', 'nats-3']);
  if (environment.REDIS_URL) expect(namedIn(environment.REDIS_URL)).toHaveLength(6);
  for (const [variable, value = ''] of Object.entries(environment)) {
    if (!variable.endsWith('_URL')) continue;
    for (const host of namedIn(value)) expect(Object.keys(compose.services), variable).toContain(host);
  }
  expect(serviceOf(name).command?.at(-1)).toBe(serviceOf(who).command?.at(-1));
});

test('a process finds the Postgres that takes writes, as itself', () => {
  for (const [name, who] of PROCESSES.filter(([, each]) => each !== 'gateway')) {
    expect(environmentOf(name, who)[`${who.toUpperCase()}_DATABASE_URL`]).toMatch(
      new RegExp(
        `^postgresql://kith_${who}:[0-9a-f]+@postgres:5432,postgres-standby:5432/kith_${who}[?]target_session_attrs=read-write$`,
      ),
    );
  }
});

test.each([
  ['credentials', credentialsConfig],
  ['migrate', migrateConfig],
  ['seed', seedConfig],
] as const)('%s understands its variables', (name, schema) => {
  expect(() => parseConfig(schema, writtenOf(name))).not.toThrow();
});

test('there are two of each process, each asks both of the others, and the load balancer alone is reached from outside', () => {
  expect(writtenOf('gateway-2')).toMatchObject({
    USER_URL: 'http://user:4101,http://user-2:4101',
    FRIEND_URL: 'http://friend:4102,http://friend-2:4102',
  });
  const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => [name, port]),
  );
  expect(published).toEqual([['haproxy', `127.0.0.1:\${PORT:-4000}:4000`]]);
  for (const server of ['gateway', 'gateway-2']) {
    expect(compose.configs.haproxy?.content).toContain(`server ${server} ${server}:4000`);
  }
});

test('each NATS server has a name and a volume of its own, and takes its configuration', () => {
  const servers = ['nats', 'nats-2', 'nats-3'];
  expect(servers.map((name) => writtenOf(name).SERVER_NAME)).toEqual(servers);
  for (const name of servers) expect(serviceOf(name).volumes).toContain(`${name}:/data`);
  const program = findProgram(NATS_COMMANDS);
  if (program === undefined) throw new Error('There is no nats-server.');
  const file = join(credentials, 'kith.conf');
  const config = filledIn(compose.configs.nats?.content ?? '');
  expect(config).toMatch(/sync_interval: always/);
  writeFileSync(file, config.replace(/^.*sync_interval.*$/m, '').replace('credentials/', 'nats/'));
  execFileSync(program, ['-t', '--config', file], { stdio: 'pipe', env: { ...process.env, SERVER_NAME: 'nats-2' } });
});

test('each Redis announces its own name, and takes its arguments', () => {
  for (const name of ['redis', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6']) {
    const { entrypoint = [], command = [] } = serviceOf(name);
    expect(command[command.indexOf('--cluster-announce-hostname') + 1]).toBe(name);
    const [program, ...args] = [...entrypoint, ...command].map((each) =>
      each.replace('/credentials/', `${credentials}/redis/`),
    );
    expect(program).toBe('redis-server');
    // It says what it makes of them, and is then asked for a port that nobody can have.
    const said = saidBy(redisProgram() ?? 'redis-server', [...args, '--dir', credentials, '--port', '70000']);
    expect(said).toMatch(/argument must be between 0 and 65535/);
  }
});

function saidBy(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { stdio: 'pipe', timeout: 10_000 }).toString();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    return `${stdout}${stderr}`;
  }
}

test('HAProxy takes its configuration', () => {
  const program = findProgram(['haproxy']);
  if (program === undefined) throw new Error('There is no haproxy.');
  const file = join(credentials, 'haproxy.cfg');
  writeFileSync(file, filledIn(compose.configs.haproxy?.content ?? ''));
  execFileSync(program, ['-c', '-f', file], { stdio: 'pipe' });
});

test('whoever is waited for is there, and can be waited for; every configuration and volume is there', () => {
  for (const [name, { depends_on = {}, configs = [], volumes = [] }] of Object.entries(compose.services)) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      if (condition === 'service_healthy') expect(serviceOf(other).healthcheck, `${name}: ${other}`).toBeDefined();
      else expect(['migrate', 'credentials', 'redis-cluster', 'postgres-replication']).toContain(other);
    }
    for (const { source } of configs) expect(Object.keys(compose.configs), name).toContain(source);
    for (const volume of volumes) expect(Object.keys(compose.volumes), name).toContain(volume.split(':')[0]);
  }
});

test('images of others are pinned to a version', () => {
  for (const { image } of Object.values(compose.services))
    expect(image).toMatch(/^kith$|^(postgres|nats|redis|haproxy):\d/);
});
