import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

const postgres = './local/src/testing/start-one-postgres-per-test-run.ts';

// Vite would take the ES modules of graphql where Node takes CommonJS, and a schema made by one is foreign to the other.
const graphql = createRequire(new URL('./packages/service-kit/package.json', import.meta.url)).resolve('graphql');
const alias = [{ find: /^graphql$/, replacement: graphql }];

// Tiers by suffix: pure and instant; against real servers; the whole system.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          alias,
          include: ['**/src/**/*.test.ts'],
          exclude: ['**/*.int.test.ts', '**/node_modules/**'],
        },
      },
      {
        test: {
          name: 'int',
          alias,
          include: ['**/src/**/*.int.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: [postgres],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          alias,
          include: ['e2e/**/*.e2e.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: [postgres],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Each file runs a whole system of its own: one at a time measures that system and not its neighbours.
          fileParallelism: false,
        },
      },
    ],
  },
});
