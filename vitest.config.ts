import { defineConfig } from 'vitest/config';

// Node gives every package graphql's CommonJS build; Vite would give ours the ES one, and two copies of graphql do not
// recognise each other's errors and schemas.
const resolve = { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] };

// Tests against real servers wait more than they compute: two files at once fill two cores.
const FILES_AT_ONCE = 2;

// Tiers by suffix: pure and instant; against real servers; the whole system. One tier after the other, and the whole
// systems one at a time: each measures itself and not its neighbours.
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['**/src/**/*.test.ts'],
          exclude: ['**/*.int.test.ts', '**/*.e2e.test.ts', '**/node_modules/**'],
          sequence: { groupOrder: 0 },
          maxWorkers: FILES_AT_ONCE,
        },
      },
      {
        resolve,
        test: {
          name: 'int',
          include: ['**/src/**/*.int.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['./local/src/testing/start-one-postgres-per-test-run.ts'],
          sequence: { groupOrder: 1 },
          maxWorkers: FILES_AT_ONCE,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: ['**/node_modules/**'],
          sequence: { groupOrder: 2 },
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
