import type { DomainEvent, EventSource } from '../domain-events/domain-event.ts';
import { freezeDeeply } from '../envelope/freeze-deeply.ts';
import type { SqlConnection } from '../postgres/sql-connection.ts';

/** Append-only repository: nothing in it can be changed or taken out, and so there is nothing to do it with. */
export interface KeptEvents<Event extends DomainEvent> {
  /**
   * In the caller's transaction. One statement, whatever their number. An id that is there already violates the primary
   * key and fails the transaction.
   */
  append(sql: SqlConnection, events: readonly Event[]): Promise<void>;
  /** What is kept of this source, the newest first; with `before`, an event's id, from that event on back. */
  of(
    sql: SqlConnection,
    source: EventSource,
    page: { readonly limit: number; readonly before?: string | undefined },
  ): Promise<Event[]>;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly source_kind: string;
  readonly source_id: string;
  readonly occurred_at: Date;
  readonly facts: Record<string, unknown>;
}

/**
 * Event-as-aggregate: for what somebody did that is itself the thing to be kept, with no aggregate behind it that it
 * changed (a sign-in, a "like"). The event's id is its identity, and it never changes. `table` is one as `action` in
 * append-only.sql, whose triggers refuse UPDATE, DELETE and TRUNCATE, whoever asks (SQLSTATE 23001).
 *
 * What an event tells besides its name, id, time and source must be JSON: of a Date in it, text comes back.
 */
export function keepsEvents<Event extends DomainEvent>(table: string): KeptEvents<Event> {
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(table))
    throw new TypeError(`"${table}" cannot be a table's name.`);
  const append = `
    INSERT INTO ${table} (id, name, source_kind, source_id, occurred_at, facts)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[])`;
  const newest = `
    SELECT id, name, source_kind, source_id, occurred_at, facts FROM ${table}
    WHERE source_kind = $1 AND source_id = $2
      AND ($3::uuid IS NULL OR (occurred_at, id) < (SELECT occurred_at, id FROM ${table} WHERE id = $3::uuid))
    ORDER BY occurred_at DESC, id DESC LIMIT $4`;
  return {
    async append(sql, events) {
      if (events.length === 0) return;
      await sql.query(append, [
        events.map(({ id }) => id),
        events.map(({ name }) => name),
        events.map(({ source }) => source.kind),
        events.map(({ source }) => source.id),
        events.map(({ occurredAt }) => occurredAt.toISOString()),
        events.map(({ id: _id, name: _name, source: _source, occurredAt: _at, ...facts }) => JSON.stringify(facts)),
      ]);
    },
    async of(sql, source, { limit, before = null }) {
      const { rows } = await sql.query<Row>(newest, [source.kind, source.id, before, limit]);
      return rows.map((row) => freezeDeeply(eventOf(row)) as unknown as Event);
    },
  };
}

function eventOf({ id, name, source_kind: kind, source_id, occurred_at: occurredAt, facts }: Row): DomainEvent {
  return { ...facts, name, id, occurredAt, source: { kind, id: source_id } };
}
