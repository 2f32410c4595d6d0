import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { inTransaction } from '../postgres/in-transaction.ts';
import { OUTBOX_CHANNEL } from './append-to-outbox.ts';
import { bringBack } from './archive/archive-old-rows.ts';
import { RELAY_LOCK } from './relay-lock.ts';

// A fresh message id, for the broker may still know the old one although the message is gone.
const UNPUBLISH = `
  UPDATE outbox SET published_at = NULL, headers = headers || jsonb_build_object('republished', $1::text)
  WHERE published_at IS NOT NULL
    AND ($2::timestamptz IS NULL OR occurred_at >= $2) AND ($3::text[] IS NULL OR owner_id = ANY ($3))`;

const ARCHIVED = '($1::timestamptz IS NULL OR occurred_at >= $1) AND ($2::text[] IS NULL OR owner_id = ANY ($2))';

/**
 * Replay of the outbox and its archive: has events published again that were published before: all that occurred since a moment, those
 * of some owners, or both. This heals a stream that was wiped or restored from an old copy. The rows become unpublished
 * in one transaction, with the relay kept out, so the relay sends them before anything newer and in order; writes go on
 * meanwhile. Consumers that had handled them see duplicates, which they know by revision or inbox. Resolves to the
 * number of events.
 */
export async function republish(
  pool: pg.Pool,
  what: { since?: Date | undefined; owners?: readonly string[] | undefined },
): Promise<number> {
  return inTransaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [RELAY_LOCK]);
    const which = [what.since?.toISOString() ?? null, what.owners ?? null];
    await bringBack(client, ARCHIVED, which);
    const { rowCount } = await client.query(UNPUBLISH, [`republish-${randomUUID()}`, ...which]);
    await client.query("SELECT pg_notify($1, '')", [OUTBOX_CHANNEL]);
    return rowCount ?? 0;
  });
}
