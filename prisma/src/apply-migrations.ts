import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatabaseIfMissing, SetupProblem } from '@kith/local-servers';
import type { ServiceWithDatabase } from '@kith/services';
import pg from 'pg';

export type Migration = { name: string; script: string; checksum: string };

// The key and the table are Prisma's own (schema-engine, `postgres` flavour), so that `prisma migrate deploy` and this
// runner exclude each other and read each other's books.
const PRISMA_ADVISORY_LOCK = 72707369;
const PRISMA_TABLE = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

/** A migration that cannot be applied, or one whose file no longer is what was applied. */
export class MigrationFailed extends SetupProblem {
  override name = 'MigrationFailed';
}

/**
 * Brings a database to the newest schema: what `prisma migrate deploy` does, without the engine it would download.
 * The database is made when it does not exist. Each migration is one transaction together with its row in
 * `_prisma_migrations`, so one that fails leaves nothing behind. Its advisory lock (mutual exclusion of processes) is the
 * transaction's as well: a session's would stay behind in a pooler, and the next migration would wait for ever.
 *
 * @param migrations default: those of `prisma/<service>/migrations`
 * @returns the names applied by this call, in order
 * @throws {MigrationFailed} when a migration fails, failed before, or was changed after it was applied
 */
export async function migrate(
  databaseUrl: string,
  service: ServiceWithDatabase,
  migrations?: readonly Migration[],
): Promise<{ applied: string[] }> {
  const wanted = migrations ?? (await readMigrations(service));
  await createDatabaseIfMissing(databaseUrl);
  const client = openClient(databaseUrl);
  await client.connect();
  try {
    const applied: string[] = [];
    for (;;) {
      const name = await applyNext(client, wanted, service);
      if (name === undefined) return { applied };
      applied.push(name);
    }
  } finally {
    await client.end();
  }
}

/** The migrations of a service, oldest first; the checksum is Prisma's: SHA-256 of the file, in hex. */
export async function readMigrations(service: ServiceWithDatabase): Promise<Migration[]> {
  const folder = fileURLToPath(new URL(`../${service}/migrations`, import.meta.url));
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const script = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, script, checksum: checksumOf(script) };
    }),
  );
}

export function checksumOf(script: string): string {
  return createHash('sha256').update(script).digest('hex');
}

type BookEntry = { migration_name: string; checksum: string; finished: boolean };

async function comparedWithBooks(
  client: pg.Client,
  wanted: readonly Migration[],
  service: ServiceWithDatabase,
): Promise<Migration[]> {
  const { rows } = await client.query<BookEntry>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  const books = new Map(rows.map((row) => [row.migration_name, row]));
  const failed = rows.find((row) => !row.finished);
  if (failed) {
    throw new MigrationFailed(
      `Migration ${failed.migration_name} of the ${service} database was begun and never finished: repair the schema by hand, then delete its row from _prisma_migrations to run it again, or set finished_at to keep it.`,
    );
  }
  for (const { name, checksum } of wanted) {
    const booked = books.get(name);
    if (booked && booked.checksum !== checksum) {
      throw new MigrationFailed(
        `Migration ${name} of the ${service} database was changed after it was applied: restore prisma/${service}/migrations/${name}/migration.sql from git and put the change into a new migration.`,
      );
    }
  }
  return wanted.filter(({ name }) => !books.has(name));
}

/** One transaction: the first migration that is not in the books yet. Answers its name; undefined when all are there. */
async function applyNext(
  client: pg.Client,
  wanted: readonly Migration[],
  service: ServiceWithDatabase,
): Promise<string | undefined> {
  await client.query('BEGIN');
  try {
    // A timeout of the role or the database is not for migrations, which take as long as they take.
    await client.query('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
    await client.query('SELECT pg_advisory_xact_lock($1)', [PRISMA_ADVISORY_LOCK]);
    await client.query(PRISMA_TABLE);
    // Behind the lock: another runner may have applied some meanwhile.
    const [next] = await comparedWithBooks(client, wanted, service);
    if (next) await apply(client, next, service);
    await client.query('COMMIT');
    return next?.name;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function apply(
  client: pg.Client,
  { name, script, checksum }: Migration,
  service: ServiceWithDatabase,
): Promise<void> {
  try {
    await client.query(script);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
  } catch (error) {
    const { message, position } = error as Error & { position?: string };
    const line = position ? ` at line ${script.slice(0, Number(position)).split('\n').length}` : '';
    throw new MigrationFailed(
      `Migration ${name} of the ${service} database failed${line} and was rolled back: ${message}. Correct prisma/${service}/migrations/${name}/migration.sql and run it again.`,
      { cause: error },
    );
  }
}

/** A connection that breaks fails the statement it is used for; unheard, its own error would end the process as well. */
function openClient(connectionString: string): pg.Client {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  return client;
}
