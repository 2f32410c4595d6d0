import type pg from 'pg';
import { inTransaction } from '../../postgres/in-transaction.ts';

/** Held while a month is made or dropped: by one process of a database at a time. */
const ARCHIVE_LOCK = 0x6b617263;

/** How long a change of the partitions waits for readers of the archive, before it waits for the next round. */
const LOCK_WITHIN_MS = 2_000;

export interface Month {
  readonly from: Date;
  readonly to: Date;
}

/** In UTC, whatever the zone of process and server. */
export function monthOf(moment: Date): Month {
  const [year, month] = [moment.getUTCFullYear(), moment.getUTCMonth()];
  return { from: new Date(Date.UTC(year, month)), to: new Date(Date.UTC(year, month + 1)) };
}

const nameOf = ({ from }: Month) => `outbox_${from.toISOString().slice(0, 7).replace('-', '_')}`;

/** Of months before the year 10000; another table of this schema is not ours to drop. */
function monthIn(name: string): Month | undefined {
  const [, year, month] = /^outbox_(\d{4})_(\d{2})$/.exec(name) ?? [];
  return year === undefined ? undefined : monthOf(new Date(`${year}-${month}-01T00:00:00Z`));
}

const PARTITIONS = `
  SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
  WHERE inhparent = 'event_archive.outbox'::regclass ORDER BY relname`;

/** One process at a time changes the partitions. */
async function changing<Result>(pool: pg.Pool, work: (sql: pg.PoolClient) => Promise<Result>): Promise<Result> {
  return inTransaction(pool, async (sql) => {
    await sql.query(`SET LOCAL lock_timeout = ${LOCK_WITHIN_MS}`);
    await sql.query('SELECT pg_advisory_xact_lock($1)', [ARCHIVE_LOCK]);
    return work(sql);
  });
}

async function partitions(sql: pg.Pool | pg.ClientBase): Promise<string[]> {
  return (await sql.query<{ name: string }>(PARTITIONS)).rows.map(({ name }) => name);
}

/** Range partition of a month: makes it unless it is there. Readers and writers of other months go on meanwhile. */
export async function makePartition(pool: pg.Pool, month: Month): Promise<void> {
  const name = nameOf(month);
  if ((await partitions(pool)).includes(name)) return;
  await changing(pool, async (sql) => {
    if ((await partitions(sql)).includes(name)) return;
    const [from, to] = [month.from.toISOString(), month.to.toISOString()];
    // Made apart and then attached: CREATE … PARTITION OF would lock out the archive's readers.
    await sql.query(`
      CREATE TABLE event_archive.${name} (LIKE event_archive.outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
      ALTER TABLE event_archive.outbox ATTACH PARTITION event_archive.${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
  });
}

/** Drops the months that ended before `before`, each with all its events. Resolves to their number. */
export async function dropPartitionsBefore(pool: pg.Pool, before: Date): Promise<number> {
  const isOver = (name: string) => {
    const month = monthIn(name);
    return month !== undefined && month.to <= before;
  };
  let dropped = 0;
  for (const name of (await partitions(pool)).filter(isOver)) {
    await changing(pool, (sql) => sql.query(`DROP TABLE IF EXISTS event_archive.${name}`));
    dropped += 1;
  }
  return dropped;
}
