import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inTransaction } from '@kith/event-delivery';
import type pg from 'pg';

const CREATE_LOCK = 0x63697263;

/** A real service has migrations: the tables of both packages go into one of them. Several instances may start at once. */
export async function createTables(pool: pg.Pool): Promise<void> {
  const files = [
    import.meta.resolve('@kith/event-delivery/event-tables.sql'),
    import.meta.resolve('@kith/live-list/live-list-tables.sql'),
    import.meta.resolve('./circle-tables.sql'),
  ];
  const statements = await Promise.all(files.map((file) => readFile(fileURLToPath(file), 'utf8')));
  await inTransaction(pool, async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock($1)', [CREATE_LOCK]);
    const { rows } = await sql.query<{ there: string | null }>("SELECT to_regclass('circle') AS there");
    if (!rows[0]?.there) await sql.query(statements.join(';'));
  });
}
