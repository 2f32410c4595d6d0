import type pg from 'pg';
import type { BrokerStatus, EventBroker, StoredMessage } from '../../broker/broker.ts';
import { eventIdOf } from '../../broker/message-id.ts';
import type { StreamName } from '../../envelope/stream-name.ts';
import { onlyRow } from '../../postgres/only-row.ts';
import { withClient } from '../../postgres/with-client.ts';
import { type ComparedSince, digestOutbox, type ExpectedRow, expectedRows } from './digest-ranges-of-outbox.ts';
import { digestStream, eventIn, type RangeDigests, rangeOf, storedIn } from './digest-ranges-of-stream.ts';
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

const BEGAN = 'SELECT clock_timestamp()::text AS began, (SELECT max(id) - min(id) + 1 FROM outbox)::float8 AS about';

const ROWS_OF = `
  SELECT event_id AS id, stream_sequence::float8 AS sequence, published_at < $2::timestamptz AS "isPublished"
  FROM outbox WHERE event_id = ANY($1::uuid[])`;

const KNOWN_IN = (table: 'outbox' | 'event_archive.outbox') =>
  `SELECT event_id AS id FROM ${table} WHERE event_id = ANY($1::uuid[])`;

/** Rows that are held here until the stream was asked for them. */
const ROWS_IN_HAND = 100_000;

/**
 * Anti-entropy by range digests: compares an outbox with the stream it publishes to, both ways, and names every
 * difference; changes nothing, and may run while events flow. First a digest of each range of the stream's numbers is
 * made on either side; events are compared one by one only in ranges whose digests differ. Every statement reads one
 * portion and is a transaction of its own, so that no snapshot holds back VACUUM. Memory grows by some bytes for 1,024
 * events. Resolves to the number of rows in the outbox.
 */
export async function compareOutboxWithStream(comparison: Comparison): Promise<number> {
  const { pool, broker, stream, onProgress, publishedWithinMs = 10_000 } = comparison;
  const { began, about } = onlyRow(await pool.query<{ began: string; about: number | null }>(BEGAN));
  const { messages = 0 } = (await standingOf(broker, stream)) ?? {};
  const total = messages + (about ?? 0);
  const tell = (done: number) => onProgress?.(Math.min(done, total), total);
  const stored = await digestStream(broker, stream, tell);
  const before = { began, publishedWithinMs, first: await firstSequenceOf(broker, stream) };
  const { digests: kept, rows, loose } = await digestOutbox(pool, before, (done) => tell(messages + done));
  const { givenUpThrough } = await withClient(pool, (client) => readPosition(client, stream.name));

  const differing = whichDiffer(stored, kept);
  const { incomplete, strange } = await lookUpMessages(comparison, began, differing, kept);
  if (incomplete.size > 0 || loose) {
    // Meanwhile the stream may have dropped more.
    const since = { ...before, first: await firstSequenceOf(broker, stream) };
    await nameMissing(comparison, since, { incomplete, differing });
  }
  const givenUp = await nameStrange(comparison, strange, givenUpThrough);
  await comparison.onGivenUp?.(givenUp);
  await onProgress?.(total, total);
  return rows;
}

async function standingOf(
  broker: EventBroker,
  stream: StreamName,
): Promise<BrokerStatus['streams'][number] | undefined> {
  const { streams } = await broker.status();
  return streams.find(({ name }) => name === stream.name);
}

/** Of a stream that was lost: it counts from 1 again. */
async function firstSequenceOf(broker: EventBroker, stream: StreamName): Promise<number> {
  return (await standingOf(broker, stream))?.firstSequence ?? 1;
}

function whichDiffer(stored: RangeDigests, kept: RangeDigests): Set<number> {
  const ranges = new Set([...stored.keys(), ...kept.keys()]);
  return new Set(
    [...ranges].filter((range) => {
      const [there, here] = [stored.get(range), kept.get(range)];
      return there?.count !== here?.count || there?.sum !== here?.sum;
    }),
  );
}

/**
 * Looks in the outbox for the messages of these ranges. `strange`: ranges with a message that is of none of its rows;
 * `incomplete`: those that lack a message that a row counts as in them.
 */
async function lookUpMessages(
  { pool, broker, stream }: Comparison,
  began: string,
  ranges: ReadonlySet<number>,
  kept: RangeDigests,
): Promise<{ incomplete: Set<number>; strange: Set<number> }> {
  const verified = new Map<number, number>();
  const strange = new Set<number>();
  for await (const messages of storedIn(broker, stream, ranges)) {
    const { rows } = await pool.query<{ id: string; sequence: number | null; isPublished: boolean | null }>(ROWS_OF, [
      messages.flatMap((message) => eventIn(message) ?? []),
      began,
    ]);
    const rowOf = new Map(rows.map((row) => [row.id, row]));
    for (const message of messages) {
      const row = rowOf.get(eventIn(message) ?? '');
      const range = rangeOf(message.sequence);
      if (!row) strange.add(range);
      else if (row.isPublished && row.sequence === message.sequence)
        verified.set(range, (verified.get(range) ?? 0) + 1);
    }
  }
  const incomplete = [...ranges].filter((range) => (verified.get(range) ?? 0) < (kept.get(range)?.count ?? 0));
  return { incomplete: new Set(incomplete), strange };
}

/**
 * Names rows that the stream has nowhere. An event may stand in it under another number than the outbox knows: but then
 * in a range that differs, since no row counts as there.
 */
async function nameMissing(
  { pool, broker, stream, onDifference }: Comparison,
  since: ComparedSince,
  { incomplete, differing }: { incomplete: ReadonlySet<number>; differing: ReadonlySet<number> },
): Promise<void> {
  let inHand = new Map<string, ExpectedRow>();
  const name = async () => {
    for await (const messages of storedIn(broker, stream, differing)) {
      for (const message of messages) inHand.delete(eventIn(message) ?? '');
    }
    for (const row of inHand.values()) await onDifference({ check: 'stream', ...row });
    inHand = new Map();
  };
  for await (const rows of expectedRows(pool, since, incomplete)) {
    for (const row of rows) inHand.set(row.eventId, row);
    if (inHand.size >= ROWS_IN_HAND) await name();
  }
  if (inHand.size > 0) await name();
}

/** Names messages that neither outbox nor archive knows. Resolves to how many of a given-up timeline there are. */
async function nameStrange(
  { pool, broker, stream, onDifference }: Comparison,
  ranges: ReadonlySet<number>,
  givenUpThrough: number,
): Promise<number> {
  let givenUp = 0;
  const unknownIn = async (table: 'outbox' | 'event_archive.outbox', messages: readonly StoredMessage[]) => {
    const { rows } = await pool.query<{ id: string }>(KNOWN_IN(table), [
      messages.flatMap((each) => eventIn(each) ?? []),
    ]);
    const known = new Set(rows.map(({ id }) => id));
    return messages.filter((message) => !known.has(eventIn(message) ?? ''));
  };
  for await (const messages of storedIn(broker, stream, ranges)) {
    const unknown = await unknownIn('event_archive.outbox', await unknownIn('outbox', messages));
    for (const { id, sequence, subject } of unknown) {
      if (sequence <= givenUpThrough) {
        givenUp += 1;
        continue;
      }
      await onDifference({
        check: 'stream',
        owner: subject.replace(/^.*\./, ''),
        // A message without an id is of no event, and has to show as such.
        eventId: id === undefined ? `#${sequence}` : eventIdOf(id),
        detail: `in the stream as number ${sequence}, but not in the outbox`,
      });
    }
  }
  return givenUp;
}
