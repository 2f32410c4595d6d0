import pg from 'pg';
import type { EventBroker } from '../../broker/broker.ts';
import type { StreamName } from '../../envelope/stream-name.ts';
import { inTransaction } from '../../postgres/in-transaction.ts';
import { onlyRow } from '../../postgres/only-row.ts';
import { OWED } from '../archive/owed-rows.ts';
import { gatherStored } from './gather-stored.ts';
import { readPosition } from './stream-position.ts';

/** One event that is on one side and not on the other, or has waited too long. */
export interface StreamDifference {
  readonly check: 'stream';
  readonly owner: string;
  /** Not known of what is only in the stream. */
  readonly revision?: number;
  readonly eventId: string;
  readonly detail: string;
}

export interface Comparison {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  readonly stream: StreamName;
  /** Waited for, so that a slow reader of a long report costs no memory here. */
  readonly onDifference: (difference: StreamDifference) => unknown;
  /** Told how many events of a timeline that was given up are still in the stream: no difference, see give-up-events.ts. */
  readonly onGivenUp?: (events: number) => unknown;
  readonly onProgress?: (done: number, total: number) => unknown;
  /** An event that is not published this long after it happened is a difference; a younger one is on its way. */
  readonly publishedWithinMs?: number;
}

const PORTION = 2_000;

// What was published before this moment must be in the stream, which is read after it.
const EXPECTED = 'SELECT count(*)::int AS total, clock_timestamp()::text AS started_at FROM outbox';

// What the stream has dropped by age is no difference: its numbers begin at $first.
const NOT_IN_STREAM = (limits: { startedAt: string; first: number; publishedWithinMs: number }) => `
  SELECT owner_id AS owner, revision::int, outbox.event_id AS "eventId", CASE WHEN published_at IS NULL
    THEN 'not published after ' || round(extract(epoch FROM began - occurred_at)) || ' s'
    ELSE 'published as number ' || coalesce(nullif(stream_sequence, ${OWED})::text, '?') || ', but not in the stream' END AS detail
  FROM outbox CROSS JOIN (SELECT ${pg.escapeLiteral(limits.startedAt)}::timestamptz AS began) AS comparison
    LEFT JOIN stored ON stored.event_id = outbox.event_id::text
  WHERE stored.event_id IS NULL AND CASE WHEN published_at IS NULL
    THEN occurred_at < began - ${limits.publishedWithinMs} * interval '1 millisecond'
    ELSE published_at < began AND coalesce(stream_sequence >= ${limits.first} OR stream_sequence = ${OWED}, true) END
  ORDER BY outbox.id`;

// A message's id that is no event's is not read as one.
const NOT_ARCHIVED = `NOT EXISTS (SELECT FROM event_archive.outbox AS archived WHERE archived.event_id =
    CASE WHEN stored.event_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN stored.event_id::uuid END)`;

const NOT_IN_OUTBOX = (givenUpThrough: number) => `
  SELECT regexp_replace(stored.subject, '^.*\\.', '') AS owner, stored.event_id AS "eventId",
    'in the stream as number ' || sequence || ', but not in the outbox' AS detail
  FROM stored LEFT JOIN outbox ON stored.event_id = outbox.event_id::text
  WHERE outbox.event_id IS NULL AND sequence > ${givenUpThrough} AND ${NOT_ARCHIVED}
  ORDER BY sequence`;

const GIVEN_UP = `
  SELECT count(*)::int AS events FROM stored LEFT JOIN outbox ON stored.event_id = outbox.event_id::text
  WHERE outbox.event_id IS NULL AND sequence <= $1 AND ${NOT_ARCHIVED}`;

/**
 * Compares an outbox with the stream it publishes to, event by event and both ways, and names every difference; changes
 * nothing, and may run while events flow. What the stream holds is gathered in a temporary table of the database, so
 * that memory here stays the same however long it is. Resolves to the number of rows in the outbox.
 */
export async function compareOutboxWithStream(comparison: Comparison): Promise<number> {
  const { pool, broker, stream, onDifference, onProgress, publishedWithinMs = 10_000 } = comparison;
  // The temporary table goes with the transaction.
  return inTransaction(pool, async (client) => {
    const expected = await client.query<{ total: number; started_at: string }>(EXPECTED);
    const { total, started_at: startedAt } = onlyRow(expected);
    let first = await gatherStored(client, broker.stored(stream), (done) => onProgress?.(Math.min(done, total), total));
    first ??= (await lastSequenceOf(broker, stream)) + 1;
    const { givenUpThrough } = await readPosition(client, stream.name);
    for (const query of [NOT_IN_STREAM({ startedAt, first, publishedWithinMs }), NOT_IN_OUTBOX(givenUpThrough)]) {
      for await (const difference of portions(client, query)) await onDifference({ check: 'stream', ...difference });
    }
    const givenUp = await client.query<{ events: number }>(GIVEN_UP, [givenUpThrough]);
    await comparison.onGivenUp?.(onlyRow(givenUp).events);
    await onProgress?.(total, total);
    return total;
  });
}

/** Of a stream that is empty, because all has aged out, or because it was lost and counts from 1 again. */
async function lastSequenceOf(broker: EventBroker, stream: StreamName): Promise<number> {
  const { streams } = await broker.status();
  return streams.find(({ name }) => name === stream.name)?.lastSequence ?? 0;
}

async function* portions(client: pg.PoolClient, query: string): AsyncGenerator<Omit<StreamDifference, 'check'>> {
  await client.query(`DECLARE difference CURSOR FOR ${query}`);
  for (;;) {
    const { rows } = await client.query<Omit<StreamDifference, 'check'>>(`FETCH ${PORTION} FROM difference`);
    yield* rows;
    if (rows.length < PORTION) break;
  }
  await client.query('CLOSE difference');
}
