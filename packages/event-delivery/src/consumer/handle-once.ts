import pg from 'pg';
import { begunWith } from '../postgres/in-transaction.ts';

/**
 * Idempotent consumer: a handler whose effect is in Postgres. Inbox and effect in one transaction, so a redelivered
 * event does nothing. Events that the effect produces belong into the same transaction (appendToOutbox). When the time
 * of the handler is up, nothing of the transaction is committed any more.
 */
export function handleOnce<Event extends { readonly id: string }>(
  pool: pg.Pool,
  consumer: string,
  effect: (event: Event, sql: pg.PoolClient, signal?: AbortSignal) => Promise<void>,
): (event: Event, signal?: AbortSignal) => Promise<void> {
  return (event, signal) =>
    begunWith(
      pool,
      beginOnce(consumer, event.id),
      async (sql, begun) => {
        const inserted = (begun as pg.QueryResult[]).at(-1);
        if (inserted?.rowCount === 1) await effect(event, sql, signal);
      },
      signal,
    );
}

/** `firstTime` in the round trip that begins the transaction. */
function beginOnce(consumer: string, eventId: string): string {
  const values = [consumer, eventId].map(pg.escapeLiteral).join(', ');
  return `BEGIN; INSERT INTO inbox (consumer, event_id) VALUES (${values}) ON CONFLICT DO NOTHING`;
}
