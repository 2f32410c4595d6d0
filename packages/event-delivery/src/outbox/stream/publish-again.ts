import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { bringBack } from '../archive/archive-old-rows.ts';
import { OWED } from '../archive/owed-rows.ts';
import { RELAY_LOCK } from '../relay-lock.ts';

export interface Missing {
  readonly reason: 'another-stream' | 'older-stream' | 'cut';
  /** `all`: what the gathered stream does not hold; `cut`: whatever was published in between. */
  readonly among: 'all' | 'cut';
  readonly above: number;
  readonly below: number;
}

const MARK_OWED = (among: Missing['among']) => `
  UPDATE outbox SET stream_sequence = ${OWED}
  WHERE published_at IS NOT NULL AND published_at < statement_timestamp()
    AND ($1::float8 IS NULL OR occurred_at > now() - $1 * interval '1 millisecond')
    AND coalesce(stream_sequence > $2 AND stream_sequence < $3, true)
    ${among === 'all' ? 'AND NOT EXISTS (SELECT FROM stored WHERE stored.event_id = outbox.event_id::text)' : ''}`;

const NOT_STORED = 'NOT EXISTS (SELECT FROM stored WHERE stored.event_id = archived.event_id::text)';

// Numbers of a stream that is gone: nothing may be compared with them.
const FORGET_NUMBERS = `
  UPDATE outbox SET stream_sequence = 0
  WHERE stream_sequence > 0 AND published_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM stored WHERE stored.event_id = outbox.event_id::text)`;

/**
 * Writes down, in each of the rows, that the stream has lost it: nothing else has to be remembered of how far publishing
 * again has come, and what is lost once more on the way is found like anything that is lost. Resolves to their number.
 */
export async function markOwed(
  client: pg.ClientBase,
  { reason, among, above, below }: Missing,
  { keepForMs }: { keepForMs: number | undefined },
): Promise<number> {
  await keepRelayOut(client);
  // A stream that keeps its events for ever has lost what is in the archive too.
  if (among === 'all' && keepForMs === undefined) await bringBack(client, NOT_STORED, []);
  const { rowCount } = await client.query(MARK_OWED(among), [keepForMs ?? null, above, below]);
  if (reason === 'another-stream') await client.query(FORGET_NUMBERS);
  return rowCount ?? 0;
}

// Fresh message ids, for the broker may still know the old ones although the messages are gone.
const UNPUBLISH = `
  UPDATE outbox SET published_at = NULL, headers = headers || jsonb_build_object('republished', $2::text)
  WHERE id IN (
    SELECT id FROM outbox WHERE stream_sequence = ${OWED} AND published_at IS NOT NULL ORDER BY id LIMIT $1)`;

/**
 * Replay: marks at most this many of the lost rows as unpublished, with the relay kept out; it sends them before anything
 * newer. Resolves to their number.
 */
export async function unpublishOwed(client: pg.ClientBase, atMost: number): Promise<number> {
  await keepRelayOut(client);
  const { rowCount } = await client.query(UNPUBLISH, [atMost, `republish-${randomUUID()}`]);
  return rowCount ?? 0;
}

const IS_SENDING = "SELECT FROM outbox WHERE published_at IS NULL AND headers ? 'republished' LIMIT 1";

/** Whether rows that were made unpublished have yet to be sent. */
export async function isPublishingAgain(client: pg.ClientBase): Promise<boolean> {
  return (await client.query(IS_SENDING)).rows.length > 0;
}

export async function keepRelayOut(client: pg.ClientBase): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [RELAY_LOCK]);
}
