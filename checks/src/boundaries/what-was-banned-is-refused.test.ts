import { relative } from 'node:path/posix';
import { expect, test } from 'vitest';
import { isForTests, refusalOf } from './check-boundaries.ts';
import { type Import, NODE } from './read-import-graph.ts';
import { repository, tables } from './workspace.ts';

const { graph, packages } = repository;
const files = [...graph.keys()];

const NATS = ['nats', '@nats-io/jetstream', '@nats-io/nats-core'];
const PRISMA = ['@prisma/client', '@prisma/adapter-pg'];
const USER = ['@kith/user', '@kith/user/more', 'services/user/src/index.ts', 'services/user/src/domain/user.ts'];
const FRIEND = ['@kith/friend', '@kith/friend/more', 'services/friend/src/index.ts', 'services/friend/src/lists/x.ts'];
const GATEWAY = ['@kith/gateway', '@kith/gateway/more', 'gateway/src/index.ts', 'gateway/src/live/x.ts'];
const OURS = [...packages.keys()].filter((name) => name.startsWith('@kith/'));
const FOR_CONTRACTS = [...OURS, '@kith/event-delivery/outage', '@kith/event-delivery/traceparent'];
const NOT_FOR_RULES = [
  ...[...OURS, 'zod', 'pg', 'graphql', 'pino', 'uuid', NODE].filter(
    (name) => name !== '@kith/event-contracts' && name !== '@kith/written-text',
  ),
  ...['user', 'friend'].flatMap((name) => ['', 'graphql/', 'parts/'].map((room) => `services/${name}/src/${room}x.ts`)),
];

/** Imports that no table may ever allow: from where (tests too, unless `production`), and of what. */
const BANS: { who: RegExp; but?: RegExp; production?: true; what: string[]; why: string }[] = [
  { who: /^services\/user\//, what: [...FRIEND, ...GATEWAY, ...NATS], why: 'services ask each other through GraphQL' },
  {
    who: /^services\/webhook\//,
    what: [...USER, ...FRIEND, ...GATEWAY, ...NATS, 'ioredis'],
    why: 'whoever sends events asks no service for them',
  },
  {
    who: /^services\/(?:user|friend)\//,
    production: true,
    what: ['ioredis'],
    why: 'one package knows the Redis client',
  },
  { who: /^services\/friend\//, what: [...USER, ...GATEWAY], why: 'services ask each other through GraphQL' },
  { who: /^services\/friend\//, production: true, what: NATS, why: 'only event delivery knows NATS' },
  {
    who: /^services\/friend\//,
    production: true,
    what: [...PRISMA, 'services/friend/src/generated/client.ts'],
    why: 'the friend service speaks SQL',
  },
  { who: /^gateway\//, what: [...USER, ...FRIEND, 'services/services.ts'], why: 'the gateway asks through GraphQL' },
  {
    who: /^gateway\//,
    production: true,
    what: [...NATS, ...PRISMA, 'pg', 'ioredis'],
    why: 'the gateway keeps no data',
  },
  { who: /^services\/\w+\/src\/domain\//, production: true, what: NOT_FOR_RULES, why: 'rules are pure' },
  {
    who: /^packages\/(?:event-contracts|local-servers|written-text)\//,
    what: [...FOR_CONTRACTS, ...USER, ...FRIEND, ...GATEWAY],
    why: 'what crosses services depends on none of them',
  },
  {
    who: /^packages\/(?:event-delivery|live-list|service-kit)\//,
    what: [...USER, ...FRIEND, ...GATEWAY, 'services/services.ts'],
    why: 'a package serves every process and knows none',
  },
  {
    who: /^packages\/(?:event-delivery|live-list|service-kit)\//,
    but: /^packages\/event-delivery\/src\/jetstream\//,
    production: true,
    what: NATS,
    why: 'one place knows NATS',
  },
];

const importOf = (from: string, what: string): Import =>
  /\.ts$/.test(what) ? { name: relative(from, what), file: what } : { name: what, library: what };

test.each(BANS)('$why: $who', ({ who, but, production, what }) => {
  const scope = files.filter((file) => who.test(file) && !but?.test(file) && !(production && isForTests(file)));
  expect(scope.length).toBeGreaterThan(10);
  const allowed = scope.flatMap((file) =>
    what
      .filter((each) => refusalOf(file, importOf(file, each), tables) === undefined)
      .map((each) => `${file} may import ${each}`),
  );
  expect(allowed).toEqual([]);
});
