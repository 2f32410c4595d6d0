/// <reference path="./what-the-test-run-provides.d.ts" />
import { randomBytes } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import type { ServiceWithDatabase } from '@kith/services';
import pg from 'pg';

export const templateDatabase = (service: ServiceWithDatabase) => `template_${service}`;

/**
 * A migrated, empty database of its own for a test file, on the run's private Postgres. Only inside vitest.
 *
 * @returns its URL, and `drop()`, which cuts connections that are still open
 */
export async function createTestDatabase(
  service: ServiceWithDatabase,
): Promise<{ url: string; drop(): Promise<void> }> {
  // Imported here because vitest cannot be imported outside a test run, and the benchmarks import this package.
  const { inject } = await import('vitest');
  const server = new URL(inject('postgresUrl'));
  const name = `test_${service}_${randomBytes(6).toString('hex')}`;
  const asAdmin = async (sql: string) => {
    const client = new pg.Client({ connectionString: server.href });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
    return true;
  };
  const OBJECT_IN_USE = '55006';
  await eventually('the template database can be copied', () =>
    asAdmin(`CREATE DATABASE ${name} TEMPLATE ${templateDatabase(service)}`).catch((error: { code?: string }) => {
      // Two copies of one template at the same moment get in each other's way.
      if (error.code === OBJECT_IN_USE) return false;
      throw error;
    }),
  );
  const url = new URL(server);
  url.pathname = `/${name}`;
  url.port = String(inject('poolerPort') ?? url.port);
  return {
    url: url.href,
    drop: async () => {
      await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}
