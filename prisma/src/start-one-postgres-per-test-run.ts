import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@kith/local-servers';
import { WITH_DATABASE } from '@kith/services';
import type { TestProject } from 'vitest/node';
import { migrate } from './apply-migrations.ts';
import { templateDatabase } from './create-test-database.ts';

/**
 * vitest's global setup: one private Postgres for the whole run of a project, and in it one migrated template per
 * service. It stands in the zone of the project's processes, if that is a declared one.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'kith-test-'));
  const { TZ } = project.config.env ?? {};
  const zone = typeof TZ === 'string' ? { timeZone: TZ } : {};
  const postgres = await startPostgres({ dataFolder: join(folder, 'postgres'), durable: false, ...zone });
  for (const name of WITH_DATABASE) await migrate(postgres.url(templateDatabase(name)), name);
  project.provide('postgresUrl', postgres.url('postgres'));
  return async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
