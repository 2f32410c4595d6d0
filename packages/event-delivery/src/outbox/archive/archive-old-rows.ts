import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { dropPartitionsBefore, makePartition, monthOf } from './month-partitions.ts';
import { OWED } from './owed-rows.ts';

const BATCH = 1_000;
const REST_MS = 50;

export const EVENT_COLUMNS =
  'id, event_id, owner_kind, owner_id, revision, type, subject, payload, headers, occurred_at, published_at, stream_sequence';

// Never what is still to be published, for the first time or again.
const OLDEST = `
  SELECT min(occurred_at) AS oldest FROM outbox
  WHERE published_at IS NOT NULL AND stream_sequence IS DISTINCT FROM ${OWED} AND occurred_at >= $1 AND occurred_at < $2`;

// One statement: a row is in one of the two tables, whenever the process ends. Rows that somebody has locked (a
// republish) are left for the next round.
const MOVE = `
  WITH old AS (
    DELETE FROM outbox WHERE id IN (
      SELECT id FROM outbox WHERE occurred_at >= $1 AND occurred_at < $2 AND published_at IS NOT NULL
        AND stream_sequence IS DISTINCT FROM ${OWED}
      ORDER BY occurred_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
    RETURNING ${EVENT_COLUMNS})
  INSERT INTO event_archive.outbox (${EVENT_COLUMNS}) SELECT ${EVENT_COLUMNS} FROM old ON CONFLICT DO NOTHING`;

export interface ArchiveOptions {
  /** Published events older than this leave the outbox. */
  readonly outboxBefore: Date;
  /** Months that ended before this are dropped. */
  readonly archiveBefore: Date;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Archiving by range partitions: published events that are past the outbox's retention move to the table of their month,
 * in small batches with a rest after each, so that a writer waits for none of it; and months that are past the archive's
 * are dropped whole. May be ended at any moment and run again, by any number of processes at once.
 */
export async function archiveOldRows(
  pool: pg.Pool,
  { outboxBefore, archiveBefore, signal }: ArchiveOptions,
): Promise<{ archived: number; dropped: number }> {
  let archived = 0;
  for (let from: Date | '-infinity' = '-infinity'; !signal?.aborted; ) {
    const { rows }: pg.QueryResult = await pool.query(OLDEST, [from, outboxBefore]);
    const { oldest } = rows[0];
    if (!(oldest instanceof Date)) break;
    const month = monthOf(oldest);
    await makePartition(pool, month);
    const to = month.to < outboxBefore ? month.to : outboxBefore;
    archived += await moveInBatches(pool, [month.from, to], signal);
    from = month.to;
  }
  return { archived, dropped: await dropPartitionsBefore(pool, archiveBefore) };
}

async function moveInBatches(pool: pg.Pool, span: readonly [Date, Date], signal?: AbortSignal): Promise<number> {
  for (let moved = 0; ; ) {
    const { rowCount } = await pool.query(MOVE, [...span]);
    moved += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH || signal?.aborted) return moved;
    await sleep(REST_MS);
  }
}

/**
 * Copies archived events back into the outbox, unchanged, to be published again. What an operator has dropped stays
 * dropped. `which` is a condition on `archived`, whose parameters are `values`.
 */
export async function bringBack(sql: pg.ClientBase, which: string, values: readonly unknown[]): Promise<number> {
  const { rowCount } = await sql.query(
    `WITH back AS (
       INSERT INTO outbox (${EVENT_COLUMNS})
       SELECT ${EVENT_COLUMNS} FROM event_archive.outbox AS archived
       WHERE published_at IS NOT NULL AND (${which}) ORDER BY id
       ON CONFLICT DO NOTHING RETURNING id, occurred_at)
     DELETE FROM event_archive.outbox AS archived USING back
     WHERE archived.occurred_at = back.occurred_at AND archived.id = back.id`,
    [...values],
  );
  return rowCount ?? 0;
}
