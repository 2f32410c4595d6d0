import type { OutboxEvent } from './draft-event.ts';
import type { SqlConnection } from './sql-connection.ts';

/** NOTIFY channel, per database: wakes the relays some microseconds after the commit. */
export const OUTBOX_CHANNEL = 'outbox';

const APPEND = `
  WITH added AS (
    INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, headers, occurred_at)
    SELECT * FROM unnest(
      $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::timestamptz[])
    RETURNING id)
  SELECT pg_notify('${OUTBOX_CHANNEL}', '') FROM (SELECT FROM added LIMIT 1) AS once`;

/**
 * Writes events beside the state they tell of, in the caller's transaction: both are committed or neither
 * (transactional outbox, Richardson, "Microservices Patterns", ch. 3). One statement whatever their number; wakes the
 * relay on commit. A second event with the same `(ownerId, revision)` or id violates a unique index and fails the
 * transaction.
 */
export async function appendToOutbox(sql: SqlConnection, events: readonly OutboxEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql.query(APPEND, [
    events.map((event) => event.eventId),
    events.map((event) => event.ownerId),
    events.map((event) => event.revision),
    events.map((event) => event.type),
    events.map((event) => event.subject),
    events.map((event) => JSON.stringify(event.data)),
    events.map((event) => JSON.stringify(event.traceparent ? { traceparent: event.traceparent } : {})),
    events.map((event) => event.occurredAt.toISOString()),
  ]);
}
