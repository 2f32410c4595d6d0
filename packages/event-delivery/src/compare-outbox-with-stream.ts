import type { StreamName } from '@kith/event-contracts';
import type pg from 'pg';
import type { EventBroker } from './broker.ts';
import { eventIdOf } from './message-id.ts';

/** One event that is on one side and not on the other, or has waited too long. */
export interface StreamDifference {
  readonly check: 'stream';
  readonly owner: string;
  readonly revision: number;
  readonly eventId: string;
  readonly detail: string;
}

export interface Comparison {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  readonly stream: StreamName;
  readonly onDifference: (difference: StreamDifference) => void;
  readonly onProgress?: (done: number, total: number) => void;
  /** An event that is not published so long after it happened is a difference; younger, it is on its way. */
  readonly publishedWithinMs?: number;
}

const PAGE = 5_000;

const COUNT =
  'SELECT count(*)::int AS total, coalesce(max(id), 0) AS last_id, clock_timestamp() AS started_at FROM outbox';

const ROWS = `
  SELECT id, event_id, owner_id, revision, published_at, stream_sequence, occurred_at FROM outbox
  WHERE id > $1 AND id <= $2 ORDER BY id LIMIT ${PAGE}`;

const KNOWN_NOW = 'SELECT event_id FROM outbox WHERE event_id = ANY($1::uuid[])';

interface Row {
  id: string;
  event_id: string;
  owner_id: string;
  revision: string;
  published_at: Date | null;
  stream_sequence: string | null;
  occurred_at: Date;
}

/**
 * Compares an outbox with the stream it publishes to, event by event, and names every difference; changes nothing, and
 * may run while events flow. What the stream has dropped by age is no difference. Keeps one id an event in memory.
 * Resolves to the number of rows that were compared.
 */
export async function compareOutboxWithStream(comparison: Comparison): Promise<number> {
  const { pool, broker, stream, onDifference, onProgress, publishedWithinMs = 10_000 } = comparison;
  // Rows first: what is published after this moment is none of this comparison's business.
  const { rows: counted } = await pool.query<{ total: number; last_id: string; started_at: Date }>(COUNT);
  const { total, last_id: lastId, started_at: startedAt } = counted[0]!;

  const inStream = new Map<string, string>();
  let firstSequence = Number.POSITIVE_INFINITY;
  for await (const message of broker.stored(stream)) {
    firstSequence = Math.min(firstSequence, message.sequence);
    inStream.set(eventIdOf(message.id ?? ''), message.subject);
  }

  let compared = 0;
  for (let after = '0'; ; ) {
    const { rows } = await pool.query<Row>(ROWS, [after, lastId]);
    for (const row of rows) {
      const found = inStream.delete(row.event_id);
      const detail = found ? undefined : whatIsWrong(row, { firstSequence, startedAt, publishedWithinMs });
      if (detail) {
        onDifference({
          check: 'stream',
          owner: row.owner_id,
          revision: Number(row.revision),
          eventId: row.event_id,
          detail,
        });
      }
    }
    compared += rows.length;
    onProgress?.(compared, total);
    if (rows.length < PAGE) break;
    after = rows.at(-1)!.id;
  }

  for (const { eventId, subject } of await strangers(pool, inStream)) {
    const owner = subject.slice(subject.lastIndexOf('.') + 1);
    onDifference({ check: 'stream', owner, revision: 0, eventId, detail: 'in the stream, but not in the outbox' });
  }
  return compared;
}

function whatIsWrong(
  row: Row,
  {
    firstSequence,
    startedAt,
    publishedWithinMs,
  }: { firstSequence: number; startedAt: Date; publishedWithinMs: number },
): string | undefined {
  if (!row.published_at) {
    const waitingMs = Date.now() - row.occurred_at.getTime();
    return waitingMs > publishedWithinMs ? `not published after ${Math.round(waitingMs / 1000)} s` : undefined;
  }
  // Perhaps after the stream was read up to its end; the next comparison looks at it.
  if (row.published_at >= startedAt) return undefined;
  const agedOut = row.stream_sequence !== null && Number(row.stream_sequence) < firstSequence;
  if (agedOut && firstSequence !== Number.POSITIVE_INFINITY) return undefined;
  return `published as number ${row.stream_sequence}, but not in the stream`;
}

/** Messages without a row among those compared: newer rows have been committed since, the rest is unknown. */
async function strangers(pool: pg.Pool, left: ReadonlyMap<string, string>) {
  const entries = [...left].map(([eventId, subject]) => ({ eventId, subject }));
  if (entries.length === 0) return [];
  const ids = entries.map(({ eventId }) => eventId).filter((id) => /^[0-9a-f-]{36}$/.test(id));
  const { rows } = await pool.query<{ event_id: string }>(KNOWN_NOW, [ids]);
  const known = new Set(rows.map((row) => row.event_id));
  return entries.filter(({ eventId }) => !known.has(eventId));
}
