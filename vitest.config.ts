import { defineConfig } from 'vitest/config';
import { isThereAPooler } from './checks/src/running-tests/is-there-a-pooler.ts';
import { LongFilesFirst } from './checks/src/running-tests/long-files-first.ts';
import { WITH_MODULES_OF_THEIR_OWN } from './checks/src/running-tests/modules-of-their-own.ts';

// Node gives every package graphql's CommonJS build; Vite would give ours the ES one, and two copies of graphql do not
// recognise each other's errors and schemas.
const resolve = { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] };

// For two cores. Tests against real servers wait for four fifths of their time, and those of the whole system for less.
const FILES_AT_ONCE = 2;
const FILES_WITH_SERVERS_AT_ONCE = 5;
const WHOLE_SYSTEMS_AT_ONCE = 3;

// They only end what hangs, on the busiest machine.
const UNIT_TIMEOUTS = { testTimeout: 60_000, hookTimeout: 60_000 };
const SERVER_TIMEOUTS = { testTimeout: 180_000, hookTimeout: 180_000 };
const WHOLE_SYSTEM_TIMEOUTS = { testTimeout: 300_000, hookTimeout: 300_000 };

const WHOLE_CLUSTER_TIMEOUTS = { testTimeout: 1_200_000, hookTimeout: 600_000 };

// The suites that write and read instants run twice, with process and Postgres in zones far from UTC on either side.
const WITH_INSTANTS = ['services/user/src/**/*.int.test.ts', 'services/friend/src/**/*.int.test.ts'];
// Those in the same folders that are about servers which go and come, and about no instant: once, in the east.
const WITHOUT_INSTANTS = [
  'services/user/src/postgres-fails-over.int.test.ts',
  'services/friend/src/postgres-fails-over.int.test.ts',
  'services/friend/src/a-standby-takes-over.int.test.ts',
  'services/friend/src/redis-cluster-breaks.int.test.ts',
  'services/friend/src/nothing-is-prepared.int.test.ts',
  'services/friend/src/one-locked-list-starves-nobody.int.test.ts',
  'services/friend/src/queries/read-from-a-replica.int.test.ts',
  'services/friend/src/view/friend-list-view.outages.int.test.ts',
  'services/friend/src/view/friend-list-view.sentinel.int.test.ts',
  'services/friend/src/view/friend-list-view.cluster.int.test.ts',
];
const FAR_ZONES = [
  { name: 'int-east', TZ: 'Asia/Kathmandu', without: [] },
  { name: 'int-west', TZ: 'Pacific/Marquesas', without: WITHOUT_INSTANTS },
];

// The contracts of broker and view, and the outages of the view, over clusters: by `test --cluster` alone.
const ON_CLUSTERS = ['**/src/**/*.on-clusters.int.test.ts'];
const ON_CLUSTERS_TOO = ['services/friend/src/view/**/*.int.test.ts'];
const isOnClusters = process.env.TEST_ON_CLUSTERS === '1';

// The main suites of each service run once more with a pooler in transaction mode before Postgres, where there is one.
const BEHIND_A_POOLER = [
  'packages/event-delivery/src/operator/event-routes.int.test.ts',
  'packages/event-delivery/src/outbox/archive/archive-old-rows.int.test.ts',
  'packages/event-delivery/src/outbox/stream/compare-outbox-with-stream.int.test.ts',
  'packages/event-delivery/src/start/deliver-events.int.test.ts',
  'packages/event-delivery/src/unit-of-work/in-unit-of-work.int.test.ts',
  'services/user/src/main.int.test.ts',
  'services/friend/src/graphql/reads-include-own-writes.int.test.ts',
  'services/friend/src/graphql/refusals.int.test.ts',
  'services/friend/src/operator/operator-routes.int.test.ts',
  'services/webhook/src/deliveries-keep-their-promises.int.test.ts',
];

// All of this tier behind a pooler, in place of those: by `test --pooler` alone.
const ALL_BEHIND_A_POOLER = ['**/src/**/*.int.test.ts'];
// Rooms that know of no database: a pooler changes nothing there.
const WITHOUT_A_DATABASE = ['gateway/**', 'packages/local-servers/**', 'services/friend/src/view/**'];
// What cannot mean anything there: zones said in the startup message, which PgBouncer refuses, and plans that sessions keep.
const OF_SESSIONS = [
  'services/user/src/times-in-any-zone.int.test.ts',
  'services/friend/src/nothing-is-prepared.int.test.ts',
];
const isThroughPooler = process.env.TEST_THROUGH_POOLER === '1';

const COMPOSED_ONCE = ['./e2e/src/system/compose-once-per-test-run.ts'];
const OTHER_TIERS = ['**/*.int.test.ts', '**/*.e2e.test.ts', '**/*.cluster.test.ts', '**/node_modules/**'];
const unit = { sequence: { groupOrder: 0 }, maxWorkers: FILES_AT_ONCE, ...UNIT_TIMEOUTS };

const againstServers = {
  globalSetup: ['./prisma/src/start-one-postgres-per-test-run.ts'],
  sequence: { groupOrder: 1 },
  maxWorkers: FILES_WITH_SERVERS_AT_ONCE,
  ...SERVER_TIMEOUTS,
};

// Tiers by suffix, one after the other: pure and instant; against real servers; the whole system; a whole cluster.
export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['**/src/**/*.test.ts'],
          exclude: [...OTHER_TIERS, ...WITH_MODULES_OF_THEIR_OWN],
          // Pure files leave nothing behind: they share processes, and what these have loaded.
          isolate: false,
          ...unit,
        },
      },
      { resolve, test: { name: 'unit-apart', include: WITH_MODULES_OF_THEIR_OWN, ...unit } },
      {
        resolve,
        test: {
          name: 'int',
          include: ['**/src/**/*.int.test.ts'],
          exclude: ['**/node_modules/**', ...WITH_INSTANTS, ...ON_CLUSTERS],
          ...againstServers,
        },
      },
      ...FAR_ZONES.map(({ name, TZ, without }) => ({
        resolve,
        test: {
          name,
          include: WITH_INSTANTS,
          exclude: ['**/node_modules/**', ...without],
          env: { TZ },
          ...againstServers,
        },
      })),
      ...(isOnClusters ? [[...ON_CLUSTERS, ...ON_CLUSTERS_TOO]] : []).map((include) => ({
        resolve,
        test: {
          name: 'on-clusters',
          include,
          exclude: ['**/node_modules/**'],
          env: { VIEW_REDIS: 'cluster' },
          ...againstServers,
          maxWorkers: 1,
        },
      })),
      ...(isThereAPooler() ? [isThroughPooler ? ALL_BEHIND_A_POOLER : BEHIND_A_POOLER] : []).map((include) => ({
        resolve,
        test: {
          name: 'int-pooled',
          include,
          exclude: ['**/node_modules/**', ...ON_CLUSTERS, ...WITHOUT_A_DATABASE, ...OF_SESSIONS],
          env: { THROUGH_PGBOUNCER: '1' },
          ...againstServers,
        },
      })),
      {
        resolve,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: COMPOSED_ONCE,
          sequence: { groupOrder: 2 },
          maxWorkers: WHOLE_SYSTEMS_AT_ONCE,
          ...WHOLE_SYSTEM_TIMEOUTS,
        },
      },
      {
        resolve,
        test: {
          name: 'cluster',
          include: ['**/*.cluster.test.ts'],
          exclude: ['**/node_modules/**'],
          // Alone: it takes both cores, and judges who is silent.
          sequence: { groupOrder: 3 },
          maxWorkers: 1,
          ...WHOLE_CLUSTER_TIMEOUTS,
        },
      },
    ],
  },
});
