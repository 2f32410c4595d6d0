import { isSubject } from '../broker/subject-matches.ts';
import { faultInNewest, ownerKindOf } from '../envelope/event-contract.ts';
import { type Hop, startHop, traceBeingHandled } from '../observe/trace-event-path.ts';
import type { SqlConnection } from '../postgres/sql-connection.ts';
import type { OutboxEvent } from './draft-event.ts';

/** NOTIFY channel, per database: wakes the relays some microseconds after the commit. */
export const OUTBOX_CHANNEL = 'outbox';

/** Half of what a NATS server takes by default: room for the envelope, and for a dead letter's base64. */
export const MAX_EVENT_BYTES = 512 * 1024;

const COLUMNS = 'event_id, owner_kind, owner_id, revision, type, subject, payload, headers, occurred_at';
const TYPES = ['uuid', 'text', 'text', 'bigint', 'text', 'text', 'jsonb', 'jsonb', 'timestamptz'];

/**
 * The sub-statement `appended` of a `WITH`, to write state and events in one statement: `appending` gives the
 * values of its nine parameters, from number `first` on. It appends nothing unless `onlyIf` holds. With `wakes`
 * another one, `relays_woken`, wakes the relays; the statement must select from it.
 */
export function appendedAs(first: number, { onlyIf, wakes }: { onlyIf: string; wakes: boolean }): string {
  const arrays = TYPES.map((type, at) => `$${first + at}::${type}[]`).join(', ');
  const appended = `appended AS (
    INSERT INTO outbox (${COLUMNS}) SELECT * FROM unnest(${arrays}) WHERE ${onlyIf} RETURNING id)`;
  if (!wakes) return appended;
  return `${appended},
  relays_woken AS (${WAKE} FROM (SELECT FROM appended LIMIT 1) AS once)`;
}

// The notification's answer is cast because some ORMs cannot read a column of type void.
const WAKE = `SELECT pg_notify('${OUTBOX_CHANNEL}', '')::text`;
const APPEND = `WITH ${appendedAs(1, { onlyIf: 'true', wakes: true })} SELECT * FROM relays_woken`;

/**
 * Coalescing of notifications: runs transactions of this process that append, and tells each whether to wake the relays
 * itself. Notifying transactions are committed one at a time in all of a Postgres server: each holds a lock from before
 * its flush to the disk until after it (PreCommit_Notify in Postgres's async.c), and no two flushes are made in one. So
 * of those in flight together only the first notifies; for the others one notification follows, which flushes nothing.
 * Should the process die before it, the relays' sweep finds what was committed.
 */
export function wakeTogether(sql: SqlConnection) {
  let inHand = 0;
  let telling = false;
  let untold = false;

  async function tell(): Promise<void> {
    if (telling) return;
    telling = true;
    while (untold) {
      untold = false;
      await sql.query(WAKE).catch(() => undefined);
    }
    telling = false;
  }

  return async <Result>(transaction: (wakes: boolean) => Promise<Result>): Promise<Result> => {
    const wakes = inHand === 0;
    inHand += 1;
    try {
      return await transaction(wakes);
    } finally {
      inHand -= 1;
      if (!wakes) {
        untold = true;
        void tell();
      }
    }
  };
}

/**
 * An event that no broker would ever take, or no consumer read: refused while its transaction can still be rolled back.
 */
export class EventRefused extends Error {
  readonly code: 'OWNER_NOT_A_TOKEN' | 'SUBJECT_NOT_VALID' | 'EVENT_TOO_LARGE' | 'MALFORMED_DATA';
  constructor(code: EventRefused['code'], message: string) {
    super(message);
    this.name = 'EventRefused';
    this.code = code;
  }
}

/**
 * Transactional outbox (Richardson, "Microservices Patterns", ch. 3): writes events beside the state they tell of, in
 * the caller's transaction, so that both are committed or neither. One statement whatever their number; wakes the relay
 * on commit. A second event with the same kind, owner and revision, or id, violates a unique index and fails the
 * transaction. Throws EventRefused for an owner id that cannot end a subject, for data that the newest version of its
 * contract does not allow (the message names the field), or for more than MAX_EVENT_BYTES.
 */
export async function appendToOutbox(sql: SqlConnection, events: readonly OutboxEvent[]): Promise<void> {
  if (events.length === 0) return;
  await appending(events, (values) => sql.query(APPEND, values));
}

/** Runs a statement that appends these events by `appendedAs`; it gets the values of the nine parameters. */
export async function appending<Result>(
  events: readonly OutboxEvent[],
  run: (values: unknown[]) => Promise<Result>,
): Promise<Result> {
  const hops = startHops(events);
  try {
    const result = await run(valuesOf(events, hops));
    for (const hop of hops.values()) hop.end();
    return result;
  } catch (error) {
    for (const hop of hops.values()) hop.end(error);
    throw error;
  }
}

function valuesOf(events: readonly OutboxEvent[], hops: ReadonlyMap<string | undefined, Hop>): unknown[] {
  return [
    events.map((event) => event.eventId),
    events.map((event) => event.ownerKind ?? ownerKindOf(event.type)),
    events.map(ownerOf),
    events.map((event) => event.revision),
    events.map((event) => event.type),
    events.map(subjectOf),
    events.map(payloadOf),
    events.map((event) => {
      const traceparent = hops.get(traceOf(event))?.traceparent;
      return JSON.stringify(traceparent ? { traceparent } : {});
    }),
    events.map((event) => event.occurredAt.toISOString()),
  ];
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

function subjectOf({ type, subject }: OutboxEvent): string {
  if (isSubject(subject)) return subject;
  throw new EventRefused('SUBJECT_NOT_VALID', `${type}: "${subject}" is not a subject to publish to.`);
}

function payloadOf(event: OutboxEvent): string {
  const fault = event.contract && faultInNewest(event.contract, event.data);
  if (fault !== undefined) throw new EventRefused('MALFORMED_DATA', `${event.type}: ${fault}`);
  const payload = JSON.stringify(event.data);
  if (Buffer.byteLength(payload) <= MAX_EVENT_BYTES) return payload;
  throw new EventRefused(
    'EVENT_TOO_LARGE',
    `${event.type} is over ${MAX_EVENT_BYTES} bytes: send a reference instead.`,
  );
}
