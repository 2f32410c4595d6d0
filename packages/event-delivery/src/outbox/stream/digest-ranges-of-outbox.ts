import type { SqlConnection } from '../../postgres/sql-connection.ts';
import { OWED } from '../archive/owed-rows.ts';
import { addTo, HASH_OF_EVENT, RANGE, type RangeDigest, type RangeDigests } from './digest-ranges-of-stream.ts';

/** Rows of one statement: some milliseconds each, and no snapshot in between. */
const ROWS = 5_000;

export interface ComparedSince {
  /** Postgres' clock when it began: what was published before must be in the stream, which is read afterwards. */
  readonly began: string;
  /** What the stream has dropped by age is no difference: its numbers begin here. */
  readonly first: number;
  readonly publishedWithinMs: number;
}

/** A row that the stream should have. */
export interface ExpectedRow {
  readonly owner: string;
  readonly revision: number;
  readonly eventId: string;
  readonly detail: string;
}

// Where the next portion ends: an id among those that there are.
const NEXT = `
  SELECT max(id) AS last, count(*)::int AS rows
  FROM (SELECT id FROM outbox WHERE id > $1 ORDER BY id LIMIT ${ROWS}) AS portion`;

const PORTION = 'id > $1 AND id <= $2';
const PUBLISHED = 'published_at < $3::timestamptz';
const numberedFrom = (first: string) => `${PUBLISHED} AND stream_sequence >= greatest(${first}::bigint, 1)`;

const DIGESTS = `
  SELECT (stream_sequence / ${RANGE})::int AS range, count(*)::int AS count, sum(${HASH_OF_EVENT})::float8 AS sum
  FROM outbox WHERE ${PORTION} AND ${numberedFrom('$4')} GROUP BY 1`;

// Whose number in the stream is not known, and what waits for too long.
const LOOSE = `CASE WHEN published_at IS NULL THEN occurred_at < $3::timestamptz - $4 * interval '1 millisecond'
  ELSE ${PUBLISHED} AND (stream_sequence IS NULL OR stream_sequence = ${OWED}) END`;

const IS_ANY_LOOSE = `SELECT EXISTS (SELECT FROM outbox WHERE ${PORTION} AND ${LOOSE}) AS loose`;

const EXPECTED = `
  SELECT owner_id AS owner, revision::int, event_id AS "eventId", CASE WHEN published_at IS NULL
    THEN 'not published after ' || round(extract(epoch FROM $3::timestamptz - occurred_at)) || ' s'
    ELSE 'published as number ' || coalesce(nullif(stream_sequence, ${OWED})::text, '?') || ', but not in the stream' END AS detail
  FROM outbox
  WHERE ${PORTION} AND (${LOOSE} OR (${numberedFrom('$5')} AND (stream_sequence / ${RANGE})::int = ANY($6::int[])))
  ORDER BY id`;

/** The outbox in portions by id, each read by statements of its own. */
async function* portionsOf(sql: SqlConnection): AsyncGenerator<{ after: string; last: string; rows: number }> {
  for (let after = '0'; ; ) {
    const { rows } = await sql.query<{ last: string | null; rows: number }>(NEXT, [after]);
    const [portion] = rows;
    if (!portion || portion.last === null) return;
    yield { after, last: portion.last, rows: portion.rows };
    after = portion.last;
  }
}

/**
 * Range digests of those rows that the stream should have by their number in it, made in the database. `loose`: whether
 * there are some of which only looking for their id tells.
 */
export async function digestOutbox(
  sql: SqlConnection,
  { began, first, publishedWithinMs }: ComparedSince,
  onProgress: (done: number) => unknown,
): Promise<{ digests: RangeDigests; rows: number; loose: boolean }> {
  const digests = new Map<number, RangeDigest>();
  let [done, loose] = [0, false];
  for await (const { after, last, rows } of portionsOf(sql)) {
    const answer = await sql.query<{ range: number; count: number; sum: number }>(DIGESTS, [after, last, began, first]);
    for (const { range, ...digest } of answer.rows) addTo(digests, range, digest);
    if (!loose) {
      const found = await sql.query<{ loose: boolean }>(IS_ANY_LOOSE, [after, last, began, publishedWithinMs]);
      loose = found.rows[0]?.loose ?? false;
    }
    done += rows;
    await onProgress(done);
  }
  return { digests, rows: done, loose };
}

/** The rows of these ranges that the stream should have, and those without a number in it, by id and in portions. */
export async function* expectedRows(
  sql: SqlConnection,
  { began, first, publishedWithinMs }: ComparedSince,
  ranges: ReadonlySet<number>,
): AsyncGenerator<ExpectedRow[]> {
  for await (const { after, last } of portionsOf(sql)) {
    const values = [after, last, began, publishedWithinMs, first, [...ranges]];
    const { rows } = await sql.query<ExpectedRow>(EXPECTED, values);
    if (rows.length > 0) yield rows;
  }
}
