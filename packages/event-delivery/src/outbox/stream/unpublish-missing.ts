import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { bringBack } from '../archive/archive-old-rows.ts';
import { RELAY_LOCK } from '../relay-lock.ts';

export interface Missing {
  readonly reason: 'another-stream' | 'older-stream' | 'cut';
  /** `all`: what the gathered stream does not hold; `cut`: whatever was published in between. */
  readonly among: 'all' | 'cut';
  readonly above: number;
  readonly below: number;
  readonly atMost: number;
}

// Fresh message ids, for the broker may still know the old ones although the messages are gone.
const UNPUBLISH = (among: Missing['among']) => `
  WITH missing AS (
    SELECT id FROM outbox
    WHERE published_at IS NOT NULL AND published_at < statement_timestamp()
      AND ($1::float8 IS NULL OR occurred_at > now() - $1 * interval '1 millisecond')
      AND coalesce(stream_sequence > $2 AND stream_sequence < $3, true)
      ${among === 'all' ? 'AND NOT EXISTS (SELECT FROM stored WHERE stored.event_id = outbox.event_id::text)' : ''}
    ORDER BY id LIMIT $4)
  UPDATE outbox SET published_at = NULL, headers = headers || jsonb_build_object('republished', $5::text)
  FROM missing WHERE outbox.id = missing.id`;

const NOT_STORED = 'NOT EXISTS (SELECT FROM stored WHERE stored.event_id = archived.event_id::text)';

// Numbers of a stream that is gone: nothing may be compared with them.
const FORGET_NUMBERS = `
  UPDATE outbox SET stream_sequence = 0
  WHERE stream_sequence > 0 AND published_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM stored WHERE stored.event_id = outbox.event_id::text)`;

/**
 * Replay: makes rows unpublished, with the relay kept out; it sends them before anything newer. Resolves to their
 * number.
 */
export async function unpublishMissing(
  client: pg.ClientBase,
  missing: Missing,
  { keepForMs }: { keepForMs: number | undefined },
): Promise<number> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [RELAY_LOCK]);
  const { reason, among, above, below, atMost } = missing;
  // A stream that keeps its events for ever has lost what is in the archive too.
  if (among === 'all' && keepForMs === undefined) await bringBack(client, NOT_STORED, []);
  const values = [keepForMs ?? null, above, below, atMost, `republish-${randomUUID()}`];
  const { rowCount } = await client.query(UNPUBLISH(among), values);
  const events = rowCount ?? 0;
  if (reason === 'another-stream' && events < atMost) await client.query(FORGET_NUMBERS);
  return events;
}
