import { defineConfig } from 'vitest/config';
import { LongFilesFirst } from './checks/src/running-tests/long-files-first.ts';

// Node gives every package graphql's CommonJS build; Vite would give ours the ES one, and two copies of graphql do not
// recognise each other's errors and schemas.
const resolve = { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] };

// For two cores. Tests against real servers wait more than they compute.
const FILES_AT_ONCE = 2;
const FILES_WITH_SERVERS_AT_ONCE = 3;

// They only end what hangs, on the busiest machine.
const UNIT_TIMEOUTS = { testTimeout: 60_000, hookTimeout: 60_000 };
const SERVER_TIMEOUTS = { testTimeout: 180_000, hookTimeout: 180_000 };
const WHOLE_SYSTEM_TIMEOUTS = { testTimeout: 300_000, hookTimeout: 300_000 };

// Whole systems that are asked what they answer, and not how fast: two of these files at once.
const ASKED_WHAT_THEY_ANSWER = [
  'e2e/api/api-recipes.e2e.test.ts',
  'e2e/api/attacks.e2e.test.ts',
  'e2e/api/bad-input.e2e.test.ts',
  'e2e/clients/client.e2e.test.ts',
  'e2e/api/every-error-code.e2e.test.ts',
  'e2e/api/refusals-between-people.e2e.test.ts',
  'e2e/resilience/reload-supergraph.e2e.test.ts',
  'e2e/flows/trace-one-change.e2e.test.ts',
  'e2e/clients/web.e2e.test.ts',
  'e2e/api/who-blocks-is-not-there.e2e.test.ts',
  'e2e/api/who-may-talk.e2e.test.ts',
  'local/src/start/start-everything.e2e.test.ts',
];

// Tiers by suffix: pure and instant; against real servers; the whole system. One tier after the other, and the other
// whole systems one at a time: each measures itself and not its neighbours.
export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['**/src/**/*.test.ts'],
          exclude: ['**/*.int.test.ts', '**/*.e2e.test.ts', '**/node_modules/**'],
          sequence: { groupOrder: 0 },
          maxWorkers: FILES_AT_ONCE,
          ...UNIT_TIMEOUTS,
        },
      },
      {
        resolve,
        test: {
          name: 'int',
          include: ['**/src/**/*.int.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['./prisma/src/start-one-postgres-per-test-run.ts'],
          sequence: { groupOrder: 1 },
          maxWorkers: FILES_WITH_SERVERS_AT_ONCE,
          ...SERVER_TIMEOUTS,
        },
      },
      {
        resolve,
        test: {
          name: 'e2e-in-pairs',
          include: ASKED_WHAT_THEY_ANSWER,
          sequence: { groupOrder: 2 },
          maxWorkers: FILES_AT_ONCE,
          ...WHOLE_SYSTEM_TIMEOUTS,
        },
      },
      {
        resolve,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: ['**/node_modules/**', ...ASKED_WHAT_THEY_ANSWER],
          sequence: { groupOrder: 3 },
          maxWorkers: 1,
          ...WHOLE_SYSTEM_TIMEOUTS,
        },
      },
    ],
  },
});
