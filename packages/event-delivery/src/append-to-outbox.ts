import type { OutboxEvent } from './draft-event.ts';
import type { SqlConnection } from './sql-connection.ts';
import { type Hop, startHop, traceBeingHandled } from './trace-event-path.ts';

/** NOTIFY channel, per database: wakes the relays some microseconds after the commit. */
export const OUTBOX_CHANNEL = 'outbox';

/** Half of what a NATS server takes by default: room for the envelope, and for a dead letter's base64. */
export const MAX_EVENT_BYTES = 512 * 1024;

// The notification's answer is cast because some ORMs cannot read a column of type void.
const APPEND = `
  WITH added AS (
    INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, headers, occurred_at)
    SELECT * FROM unnest(
      $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::timestamptz[])
    RETURNING id)
  SELECT pg_notify('${OUTBOX_CHANNEL}', '')::text FROM (SELECT FROM added LIMIT 1) AS once`;

/** An event that no broker would ever take: refused while its transaction can still be rolled back. */
export class EventRefused extends Error {
  readonly code: 'OWNER_NOT_A_TOKEN' | 'EVENT_TOO_LARGE';
  constructor(code: EventRefused['code'], message: string) {
    super(message);
    this.name = 'EventRefused';
    this.code = code;
  }
}

/**
 * Writes events beside the state they tell of, in the caller's transaction: both are committed or neither
 * (transactional outbox, Richardson, "Microservices Patterns", ch. 3). One statement whatever their number; wakes the
 * relay on commit. A second event with the same `(ownerId, revision)` or id violates a unique index and fails the
 * transaction. Throws EventRefused for an owner id that cannot end a subject, or for more than MAX_EVENT_BYTES.
 */
export async function appendToOutbox(sql: SqlConnection, events: readonly OutboxEvent[]): Promise<void> {
  if (events.length === 0) return;
  const hops = startHops(events);
  const headers = events.map((event) => {
    const traceparent = hops.get(traceOf(event))?.traceparent;
    return JSON.stringify(traceparent ? { traceparent } : {});
  });
  try {
    await append(sql, events, headers);
    for (const hop of hops.values()) hop.end();
  } catch (error) {
    for (const hop of hops.values()) hop.end(error);
    throw error;
  }
}

async function append(sql: SqlConnection, events: readonly OutboxEvent[], headers: readonly string[]): Promise<void> {
  await sql.query(APPEND, [
    events.map((event) => event.eventId),
    events.map(ownerOf),
    events.map((event) => event.revision),
    events.map((event) => event.type),
    events.map((event) => event.subject),
    events.map(payloadOf),
    headers,
    events.map((event) => event.occurredAt.toISOString()),
  ]);
}

/** What a consumer appends belongs to the trace of the event that it handles, unless the event says otherwise. */
function traceOf(event: OutboxEvent): string | undefined {
  return event.traceparent ?? traceBeingHandled();
}

/** One for each trace, not for each event: one command may change thousands of lists. */
function startHops(events: readonly OutboxEvent[]): Map<string | undefined, Hop> {
  const hops = new Map<string | undefined, Hop>();
  for (const event of events) {
    const traceparent = traceOf(event);
    if (traceparent === undefined || hops.has(traceparent)) continue;
    hops.set(traceparent, startHop('append', traceparent, { 'kith.events': events.length }));
  }
  return hops;
}

function ownerOf(event: OutboxEvent): string {
  // The owner is the last token of the subject, where a dot, a wildcard or a space would mean something else.
  if (/^[^\s.*>]+$/.test(event.ownerId)) return event.ownerId;
  throw new EventRefused('OWNER_NOT_A_TOKEN', `"${event.ownerId}" cannot be an owner id: no dots, spaces, * or >.`);
}

function payloadOf(event: OutboxEvent): string {
  const payload = JSON.stringify(event.data);
  if (Buffer.byteLength(payload) <= MAX_EVENT_BYTES) return payload;
  throw new EventRefused(
    'EVENT_TOO_LARGE',
    `${event.type} is over ${MAX_EVENT_BYTES} bytes: send a reference instead.`,
  );
}
