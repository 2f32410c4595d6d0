import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { gatewayConfig } from '@kith/gateway';
import { credentialsConfig, loadService, migrateConfig, nodeProgram, seedConfig, workspaceRoot } from '@kith/local';
import { findProgram, NATS_COMMANDS } from '@kith/local-servers';
import { natsFields, parseConfig } from '@kith/service-kit';
import { SERVICE_NAMES, SERVICES, usersOfNats, usersOfRedis } from '@kith/services';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';

type Service = {
  image: string;
  command: string[];
  environment?: Record<string, string | number>;
  healthcheck?: { test: string[]; retries: number };
  ports?: string[];
  expose?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
};
const compose = parse(readFileSync(join(workspaceRoot, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  configs: Record<string, { content: string }>;
  volumes: Record<string, null>;
};
const serviceOf = (name: string): Service => {
  const service = compose.services[name];
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
};

/** `${NAME:-default}` as compose fills it in when NAME is not set. */
const filledIn = (value: string | number) => String(value).replaceAll(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');
const writtenOf = (name: string): Record<string, string | number> => serviceOf(name).environment ?? {};

/** The files that the service `credentials` makes, in a folder of this test. */
const credentials = mkdtempSync(join(tmpdir(), 'kith-credentials-'));
const makeCredentials = () => {
  const [program, file] = serviceOf('credentials').command;
  expect(program).toBe('node');
  const environment = Object.entries(writtenOf('credentials')).map(([key, value]) => [key, filledIn(value)]);
  execFileSync(nodeProgram(), [join(workspaceRoot, file ?? '')], {
    env: { PATH: process.env.PATH, ...Object.fromEntries(environment), CREDENTIALS_FOLDER: credentials },
  });
};
makeCredentials();
afterAll(() => rmSync(credentials, { recursive: true }));
const madeFor = (name: string) =>
  parseEnv(readFileSync(join(credentials, name, 'env'), 'utf8')) as Record<string, string>;
const readsCredentials = (name: string) => serviceOf(name).command?.includes('--env-file=/credentials/env');

/** All that a process finds: what stands in docker-compose.yml, and its own credentials. */
const environmentOf = (name: string): Record<string, string | undefined> => ({
  ...(readsCredentials(name) && madeFor(name)),
  ...Object.fromEntries(Object.entries(writtenOf(name)).map(([key, value]) => [key, filledIn(value)])),
});

const SCHEMAS: Record<string, z.ZodObject> = {
  credentials: credentialsConfig,
  ...Object.fromEntries(
    await Promise.all(SERVICE_NAMES.map(async (name) => [name, (await loadService(name)).configSchema])),
  ),
  gateway: gatewayConfig,
  migrate: migrateConfig,
  seed: seedConfig,
};

describe.each(Object.entries(SCHEMAS))('%s', (name, schema) => {
  test('is given every variable it requires, and none it does not know', () => {
    const environment = environmentOf(name);
    expect(() => parseConfig(schema, environment)).not.toThrow();
    expect(Object.keys(environment).filter((variable) => !(variable in schema.shape))).toEqual([]);
  });

  test('is handed on whatever may be set', () => {
    // The image says NODE_ENV, and its own NATS_URL who each process is: nobody else's credentials are for that NATS; its Redis is
    // reached without TLS.
    const ofRedis = ['REDIS_CA_FILE', 'REDIS_CERT_FILE', 'REDIS_KEY_FILE'];
    const saidAlready = ['NODE_ENV', ...Object.keys(natsFields), ...ofRedis];
    const known = Object.keys(schema.shape).filter((variable) => !saidAlready.includes(variable));
    expect(Object.keys(environmentOf(name)).sort()).toEqual(known.sort());
  });

  test('runs a program that exists', () => {
    const { command } = serviceOf(name);
    const file = command.at(-1);
    expect(command[0]).toBe('node');
    expect(existsSync(join(workspaceRoot, file ?? ''))).toBe(true);
  });
});

test.each([...SERVICE_NAMES, 'gateway'])(
  '%s is healthy when its own /ready says so, on the port it listens on',
  (name) => {
    const { healthcheck, ports = [], expose = [] } = serviceOf(name);
    const { PORT, HOST } = environmentOf(name);
    expect(healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${PORT}/ready`);
    expect([...ports, ...expose].some((port) => port.endsWith(String(PORT)))).toBe(true);
    expect(HOST).toBe('0.0.0.0');
  },
);

test.each(SERVICE_NAMES)('%s runs, listens and is found as the list of services says', (name) => {
  const { folder, port, urlVariable, database } = SERVICES[name];
  expect(serviceOf(name).command.at(-1)).toBe(`${folder}/main.ts`);
  expect(environmentOf(name).PORT).toBe(String(port));
  const told = Object.keys(compose.services).flatMap((other) => environmentOf(other)[urlVariable] ?? []);
  expect([...new Set(told)]).toEqual([`http://${name}:${port}`]);
  if (database === undefined) return;
  const made = environmentOf('migrate')[database.urlVariable];
  expect(made).toMatch(new RegExp(`/${database.databaseName}$`));
  expect(new URL(environmentOf(name)[database.urlVariable] ?? '')).toMatchObject({ username: database.databaseName });
});

test('only the gateway can be reached from outside, and only from this machine', () => {
  const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => [name, port]),
  );
  expect(published).toEqual([['gateway', `127.0.0.1:\${PORT:-4000}:4000`]]);
});

test('every address names a service that is there, and is waited for', () => {
  const wanted = [...SERVICE_NAMES, 'gateway', 'seed', 'migrate'].flatMap((name) =>
    Object.entries(environmentOf(name))
      .filter(([variable, value]) => variable.endsWith('_URL') && value !== '')
      .map(([, value]) => [name, new URL(value ?? '').hostname] as const),
  );
  expect(wanted.length).toBeGreaterThan(8);
  for (const [name, host] of wanted) {
    expect(Object.keys(compose.services)).toContain(host);
    // Of two that ask each other only one can wait.
    expect([...waitedForBy(name), ...(waitedForBy(host).has(name) ? [host] : [])]).toContain(host);
  }
});

/** The services that run, or ran, before this one starts, by way of others too. */
function waitedForBy(name: string, found = new Set<string>()): Set<string> {
  for (const other of Object.keys(serviceOf(name).depends_on ?? {})) {
    if (found.has(other)) continue;
    found.add(other);
    waitedForBy(other, found);
  }
  return found;
}

test('each is waited for in a way that it can fulfil', () => {
  for (const { depends_on = {} } of Object.values(compose.services)) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      if (condition === 'service_healthy') expect(serviceOf(other).healthcheck, other).toBeDefined();
      else {
        expect(condition).toBe('service_completed_successfully');
        expect(['migrate', 'credentials']).toContain(other);
      }
    }
  }
});

test('NATS keeps its streams in files, on a volume, and syncs every message', () => {
  const config = compose.configs.nats?.content ?? '';
  expect(config).toMatch(/sync_interval: always/);
  const folder = /store_dir: (\S+)/.exec(config)?.[1];
  expect(serviceOf('nats').volumes).toContain(`nats:${folder}`);
  expect(Object.keys(compose.volumes)).toContain('nats');
});

describe('credentials', () => {
  const SHARED = ['operator', 'nats', 'redis', 'migrate', ...SERVICE_NAMES, 'gateway'];
  const mounted = (name: string) =>
    (serviceOf(name).volumes ?? []).map((volume) => volume.split(':') as [string, string]);

  test('are made once, for their owner alone', () => {
    const files = [
      ...SERVICE_NAMES.map((name) => `${name}/env`),
      'gateway/env',
      'migrate/env',
      'nats/authorization.conf',
      'redis/redis.conf',
      'redis/replication.conf',
    ];
    const contents = () => files.map((file) => readFileSync(join(credentials, file), 'utf8'));
    const first = contents();
    makeCredentials();
    expect(contents()).toEqual(first);
    for (const file of [...files, 'operator/secrets.json']) {
      expect([file, statSync(join(credentials, file)).mode & 0o077]).toEqual([file, 0]);
    }
  });

  test('are the same rights as those of `start`, from the same source', () => {
    const { natsPasswords, redisPasswords } = JSON.parse(
      readFileSync(join(credentials, 'operator/secrets.json'), 'utf8'),
    );
    const authorization = readFileSync(join(credentials, 'nats/authorization.conf'), 'utf8');
    expect(authorization).toBe(usersOfNats.configurationFor(natsPasswords));
    expect(readFileSync(join(credentials, 'redis/redis.conf'), 'utf8')).toBe(
      usersOfRedis.configurationFor(redisPasswords),
    );
    // And nothing in the file itself says more.
    const config = compose.configs.nats?.content ?? '';
    expect(config).toMatch(/^include credentials\/authorization\.conf$/m);
    expect(config).not.toMatch(/authorization *[:{]|accounts|no_auth_user/);
    expect(serviceOf('redis').command.slice(0, 2)).toEqual(['redis-server', '/credentials/redis.conf']);
  });

  test('reach each server and process in a volume of its own, made before it starts', () => {
    const targets: Record<string, string> = { nats: '/etc/nats/credentials' };
    for (const name of SHARED.filter((each) => each !== 'operator')) {
      const own = mounted(name).filter(([volume]) => volume.endsWith('-credentials'));
      expect(own).toEqual([[`${name}-credentials`, targets[name] ?? '/credentials', 'ro']]);
      expect([...waitedForBy(name)]).toContain('credentials');
    }
    expect(mounted('credentials')).toEqual(SHARED.map((name) => [`${name}-credentials`, `/credentials/${name}`]));
    const dockerfile = readFileSync(join(workspaceRoot, 'Dockerfile'), 'utf8');
    const makesFolders = /for name in .*; done/.exec(dockerfile)?.[0] ?? '';
    const image = mkdtempSync(join(tmpdir(), 'kith-image-'));
    execFileSync('sh', ['-c', makesFolders.replace('/credentials', `${image}/credentials`)], { cwd: workspaceRoot });
    expect(readdirSync(join(image, 'credentials')).sort()).toEqual([...SHARED].sort());
    rmSync(image, { recursive: true });
  });

  test('open NATS and Redis, each process as itself', () => {
    for (const name of [...SERVICE_NAMES, 'gateway']) {
      const { NATS_URL = '', REDIS_URL } = environmentOf(name) as Record<string, string>;
      expect(new URL(NATS_URL)).toMatchObject({ username: name, host: 'nats:4222' });
      if (REDIS_URL) expect(new URL(REDIS_URL)).toMatchObject({ username: name, host: 'redis:6379' });
    }
  });

  test('NATS reads its configuration with them', () => {
    const program = findProgram(NATS_COMMANDS);
    if (program === undefined) throw new Error('There is no nats-server.');
    const config = (compose.configs.nats?.content ?? '')
      .replace(/^.*sync_interval.*$/m, '')
      .replace('credentials/', 'nats/');
    const file = join(credentials, 'kith.conf');
    writeFileSync(file, config);
    execFileSync(program, ['-t', '--config', file], { stdio: 'pipe' });
  });
});

test('images of others are pinned to a version', () => {
  for (const { image } of Object.values(compose.services)) expect(image).toMatch(/^kith$|^(postgres|nats|redis):\d/);
});
