import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '@kith/service-kit';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { gatewayConfig } from '../../../gateway/src/gateway-config.ts';
import { friendConfigSchema } from '../../../services/friend/src/friend-config.ts';
import { userConfigSchema } from '../../../services/user/src/user-config.ts';
import { workspaceRoot } from '../system/run-program-with-node-24.ts';
import { migrateConfig, seedConfig } from './one-shot-config.ts';

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
const environmentOf = (name: string) =>
  Object.fromEntries(Object.entries(serviceOf(name).environment ?? {}).map(([key, value]) => [key, filledIn(value)]));

const SCHEMAS: Record<string, z.ZodObject> = {
  user: userConfigSchema,
  friend: friendConfigSchema,
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
    // The image says NODE_ENV.
    const known = Object.keys(schema.shape).filter((variable) => variable !== 'NODE_ENV');
    expect(Object.keys(environmentOf(name)).sort()).toEqual(known.sort());
  });

  test('runs a program that exists', () => {
    const [program, file] = serviceOf(name).command;
    expect(program).toBe('node');
    expect(existsSync(join(workspaceRoot, file ?? ''))).toBe(true);
  });
});

test.each(['user', 'friend', 'gateway'])(
  '%s is healthy when its own /ready says so, on the port it listens on',
  (name) => {
    const { healthcheck, ports = [], expose = [] } = serviceOf(name);
    const { PORT, HOST } = environmentOf(name);
    expect(healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${PORT}/ready`);
    expect([...ports, ...expose].some((port) => port.endsWith(String(PORT)))).toBe(true);
    expect(HOST).toBe('0.0.0.0');
  },
);

test('only the gateway can be reached from outside, and only from this machine', () => {
  const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => [name, port]),
  );
  expect(published).toEqual([['gateway', `127.0.0.1:\${PORT:-4000}:4000`]]);
});

test('every address names a service that is there, and is waited for', () => {
  const wanted = ['user', 'friend', 'gateway', 'seed', 'migrate'].flatMap((name) =>
    Object.entries(environmentOf(name))
      .filter(([variable]) => variable.endsWith('_URL'))
      .map(([, value]) => [name, new URL(value).hostname] as const),
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
      else expect([condition, other]).toEqual(['service_completed_successfully', 'migrate']);
    }
  }
});

test('NATS keeps its streams in files, on a volume, and syncs every message', () => {
  const config = compose.configs.nats?.content ?? '';
  expect(config).toMatch(/sync_interval: always/);
  const folder = /store_dir: (\S+)/.exec(config)?.[1];
  expect(serviceOf('nats').volumes).toEqual([`nats:${folder}`]);
  expect(Object.keys(compose.volumes)).toContain('nats');
});

test('images of others are pinned to a version', () => {
  for (const { image } of Object.values(compose.services)) expect(image).toMatch(/^kith$|^(postgres|nats|redis):\d/);
});
