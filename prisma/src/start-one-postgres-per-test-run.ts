import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabaseIfMissing, startPgBouncer, startPostgres } from '@kith/local-servers';
import { WITH_DATABASE } from '@kith/services';
import type { TestProject } from 'vitest/node';
import { migrate } from './apply-migrations.ts';
import { templateDatabase } from './create-test-database.ts';

/** Set to 1: the databases that tests are given are reached through a PgBouncer in transaction mode. */
const THROUGH_PGBOUNCER = 'THROUGH_PGBOUNCER';

/**
 * vitest's global setup: one private Postgres for the whole run of a project, and in it one migrated template per
 * service. It stands in the zone of the project's processes, if that is a declared one.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'kith-test-'));
  const { TZ } = project.config.env ?? {};
  const zone = typeof TZ === 'string' ? { timeZone: TZ } : {};
  const postgres = await startPostgres({ dataFolder: join(folder, 'postgres'), durable: false, ...zone });
  const pooler =
    (project.config.env?.[THROUGH_PGBOUNCER] ?? process.env[THROUGH_PGBOUNCER])
      ? await startPgBouncer({ postgres, poolSize: 60 })
      : undefined;
  for (const name of WITH_DATABASE) {
    const url = postgres.url(templateDatabase(name));
    await createDatabaseIfMissing(url);
    await migrate(pooler?.through(url) ?? url, name);
  }
  project.provide('postgresUrl', postgres.url('postgres'));
  project.provide('poolerPort', pooler?.port ?? null);
  return async () => {
    await pooler?.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
