import pg from 'pg';
import { begunWith } from '../postgres/in-transaction.ts';
import type { Delivered } from './try/incoming.ts';

/** The handler was not handed what came, and cannot keep it. */
export class NothingToKeep extends Error {
  readonly code = 'NOTHING_TO_KEEP';
  constructor() {
    super('keepsEnvelope: whoever wraps this handler hands on all three of its arguments: event, signal, delivered.');
    this.name = 'NothingToKeep';
  }
}

/**
 * Idempotent consumer: a handler whose effect is in Postgres. Inbox and effect in one transaction, so a redelivered
 * event does nothing. Events that the effect produces belong into the same transaction (appendToOutbox). When the time
 * of the handler is up, nothing of the transaction is committed any more.
 *
 * `keepsEnvelope`: the inbox keeps the event as it came, for audit and `replay`, as long as it remembers it.
 */
export function handleOnce<Event extends { readonly id: string }>(
  pool: pg.Pool,
  consumer: string,
  effect: (event: Event, sql: pg.PoolClient, signal?: AbortSignal) => Promise<void>,
  { keepsEnvelope = false }: { readonly keepsEnvelope?: boolean } = {},
): (event: Event, signal?: AbortSignal, delivered?: Delivered) => Promise<void> {
  return async (event, signal, delivered) => {
    if (keepsEnvelope && !delivered) throw new NothingToKeep();
    const kept = keepsEnvelope && delivered ? Buffer.from(delivered.payload).toString('utf8') : undefined;
    await begunWith(
      pool,
      beginOnce(consumer, event.id, kept),
      async (sql, begun) => {
        const inserted = (begun as pg.QueryResult[]).at(-1);
        if (inserted?.rowCount === 1) await effect(event, sql, signal);
      },
      signal,
    );
  };
}

/** `firstTime` in the round trip that begins the transaction. */
function beginOnce(consumer: string, eventId: string, envelope: string | undefined): string {
  const values = [consumer, eventId].map(pg.escapeLiteral).join(', ');
  if (envelope === undefined) {
    return `BEGIN; INSERT INTO inbox (consumer, event_id) VALUES (${values}) ON CONFLICT DO NOTHING`;
  }
  const kept = `${values}, ${pg.escapeLiteral(envelope)}, nextval('inbox_position')`;
  return `BEGIN; INSERT INTO inbox (consumer, event_id, envelope, position) VALUES (${kept}) ON CONFLICT DO NOTHING`;
}
