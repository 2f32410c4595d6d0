import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inTransaction } from '@kith/event-delivery';
import type pg from 'pg';

const CREATE_LOCK = 0x73686f70;

/** A real service has migrations; the toolkit's tables go into one of them. Several instances may start at once. */
export async function createTables(pool: pg.Pool, own: URL): Promise<void> {
  const events = fileURLToPath(import.meta.resolve('@kith/event-delivery/event-tables.sql'));
  const statements = await Promise.all([readFile(events, 'utf8'), readFile(own, 'utf8')]);
  await inTransaction(pool, async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock($1)', [CREATE_LOCK]);
    const { rows } = await sql.query("SELECT to_regclass('outbox') AS outbox");
    if (!rows[0].outbox) await sql.query(statements.join(';'));
  });
}
