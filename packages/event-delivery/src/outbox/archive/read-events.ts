import type pg from 'pg';
import { EVENT_COLUMNS } from './archive-old-rows.ts';

/** Which events are meant; what is left out matches all. */
export interface EventFilter {
  readonly ownerId?: string | undefined;
  /** Of the owner: `order`. */
  readonly ownerKind?: string | undefined;
  /** The beginning of the type: `shop.order.`, `shop.order.placed`, `shop.order.placed.v1`. */
  readonly type?: string | undefined;
  /** Occurred at or after. */
  readonly since?: Date | undefined;
  /** Occurred before. */
  readonly until?: Date | undefined;
}

/** An event as the outbox or its archive has it. */
export interface RecordedEvent {
  /** Its place in the order of publication. */
  readonly outboxId: number;
  readonly eventId: string;
  readonly ownerKind: string;
  readonly ownerId: string;
  readonly revision: number;
  /** With the version that it was written in: `readData` lifts it. */
  readonly type: string;
  readonly subject: string;
  readonly data: unknown;
  readonly occurredAt: Date;
  readonly state: 'waiting' | 'set-aside' | 'published' | 'dropped';
  /** Undefined while it is not published. */
  readonly publishedAt: Date | undefined;
  readonly streamSequence: number | undefined;
  readonly traceparent: string | undefined;
  readonly isArchived: boolean;
}

export interface EventPage {
  readonly events: readonly RecordedEvent[];
  /** Where the next page begins; undefined behind the last. */
  readonly next: string | undefined;
}

/** A cursor that no page of this question has given. */
export class CursorNotValid extends Error {
  readonly code = 'CURSOR_NOT_VALID';
  constructor() {
    super('after: not the cursor of a page of these events; begin without it.');
    this.name = 'CursorNotValid';
  }
}

export const MOST_EVENTS_A_PAGE = 1_000;

/**
 * A page of the event store (keyset pagination): events of the outbox and its archive alike, at most `limit` (100; no
 * more than MOST_EVENTS_A_PAGE). Those of one owner in the order of their revisions, others in the order in which they
 * occurred. What is appended, published or archived meanwhile makes no page skip or repeat an event. Throws
 * CursorNotValid.
 */
export async function readEventPage(
  pool: pg.Pool,
  filter: EventFilter,
  { after, limit = 100 }: { after?: string | undefined; limit?: number | undefined } = {},
): Promise<EventPage> {
  const order = filter.ownerId === undefined ? BY_TIME : BY_REVISION;
  const most = Math.max(1, Math.min(limit, MOST_EVENTS_A_PAGE));
  const { rows } = await pool.query(pageOf(order), [
    filter.ownerId ?? null,
    filter.ownerKind ?? null,
    filter.type ?? null,
    filter.since?.toISOString() ?? null,
    filter.until?.toISOString() ?? null,
    most,
    ...(after === undefined ? order.first : readCursor(order, after)),
  ]);
  const last = rows.at(-1);
  const next = last && rows.length === most ? writeCursor(order, last.key) : undefined;
  return { events: rows.map(toEvent), next };
}

/** All of them, page by page: memory stays the same however many there are. */
export async function* readEvents(pool: pg.Pool, filter: EventFilter): AsyncGenerator<RecordedEvent> {
  let after: string | undefined;
  do {
    const page: EventPage = await readEventPage(pool, filter, { after, limit: MOST_EVENTS_A_PAGE });
    yield* page.events;
    after = page.next;
  } while (after !== undefined);
}

interface Order {
  readonly name: string;
  readonly columns: readonly string[];
  readonly types: readonly string[];
  /** Before all of them. */
  readonly first: readonly string[];
}

const BY_REVISION: Order = {
  name: 'revision',
  columns: ['owner_kind', 'revision', 'id'],
  types: ['text', 'bigint', 'bigint'],
  first: ['', '-9223372036854775808', '0'],
};

const BY_TIME: Order = {
  name: 'time',
  columns: ['occurred_at', 'id'],
  types: ['timestamptz', 'bigint'],
  first: ['-infinity', '0'],
};

/** Each table by its own index, no more than a page of it. */
function pageOf({ columns, types }: Order): string {
  const key = columns.join(', ');
  const after = types.map((type, at) => `$${7 + at}::${type}`).join(', ');
  const part = (table: string, isArchived: boolean) => `
    (SELECT ${EVENT_COLUMNS}, ${isArchived} AS is_archived FROM ${table}
     WHERE ($1::text IS NULL OR owner_id = $1) AND ($2::text IS NULL OR owner_kind = $2)
       AND ($3::text IS NULL OR starts_with(type, $3))
       AND ($4::timestamptz IS NULL OR occurred_at >= $4) AND ($5::timestamptz IS NULL OR occurred_at < $5)
       AND (${key}) > (${after}) ORDER BY ${key} LIMIT $6::int)`;
  return `
    SELECT *, ARRAY[${columns.map((column) => `${column}::text`)}] AS key
    FROM (${part('outbox', false)} UNION ALL ${part('event_archive.outbox', true)}) AS recorded
    ORDER BY ${key} LIMIT $6::int`;
}

function writeCursor({ name }: Order, key: readonly string[]): string {
  return Buffer.from(JSON.stringify([name, ...key])).toString('base64url');
}

function readCursor({ name, types }: Order, cursor: string): string[] {
  try {
    const [of, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    const isOne = of === name && key.length === types.length && key.every((each, at) => isValue(each, types[at]));
    if (isOne) return key as string[];
  } catch {
    // The error is thrown below.
  }
  throw new CursorNotValid();
}

function isValue(value: unknown, type: string | undefined): boolean {
  if (typeof value !== 'string' || value.includes('\0')) return false;
  if (type === 'bigint') return /^-?\d{1,18}$/.test(value);
  return type === 'text' || !Number.isNaN(Date.parse(value));
}

function toEvent(row: Record<string, unknown>): RecordedEvent {
  const headers = row.headers as Record<string, unknown>;
  const traceparent = headers.traceparent;
  return {
    outboxId: Number(row.id),
    eventId: row.event_id as string,
    ownerKind: row.owner_kind as string,
    ownerId: row.owner_id as string,
    revision: Number(row.revision),
    type: row.type as string,
    subject: row.subject as string,
    data: row.payload,
    occurredAt: row.occurred_at as Date,
    state: stateOf(row.published_at, headers),
    publishedAt: (row.published_at as Date | null) ?? undefined,
    streamSequence: row.stream_sequence === null ? undefined : Number(row.stream_sequence),
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    isArchived: row.is_archived as boolean,
  };
}

function stateOf(publishedAt: unknown, headers: Record<string, unknown>): RecordedEvent['state'] {
  if ('dropped' in headers) return 'dropped';
  if (publishedAt !== null) return 'published';
  return 'setAside' in headers ? 'set-aside' : 'waiting';
}
