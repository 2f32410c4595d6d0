import type pg from 'pg';
import { PublishFailed } from '../../broker/publish-failed.ts';
import { type OutboxRow, OWNER_KEY, ownerKeyOf } from './unpublished-rows.ts';

/** How long an owner whose event no broker takes is left alone, doubled each time; the others flow. */
const FIRST_MS = 30_000;
const MOST_MS = 10 * 60_000;
/** How many owners whose time is up are tried in one turn: tries that fail must not hold up the others. */
const TRIED_AT_ONCE = 16;

// In the row, so that every process can tell, and an operator can take it away.
const MARK = `
  UPDATE outbox SET headers = headers || jsonb_build_object('setAside',
    jsonb_build_object('code', fault.code, 'message', fault.message, 'at', now()))
  FROM unnest($1::bigint[], $2::text[], $3::text[]) AS fault (id, code, message) WHERE outbox.id = fault.id`;

const STILL_MARKED = `
  SELECT DISTINCT ${OWNER_KEY} AS key FROM outbox
  WHERE published_at IS NULL AND headers ? 'setAside' AND ${OWNER_KEY} = ANY ($1)`;

interface Aside {
  until: number;
  times: number;
}

export interface Refused {
  readonly row: OutboxRow;
  readonly error: Error;
}

/**
 * Bulkhead of the outbox: owners whose next event no broker takes, per relay. Their later events wait behind it, so
 * that order holds, and everybody else's flow. Each is tried again after a while, or at once when an operator says so,
 * which takes the mark from its row.
 */
export function ownersSetAside() {
  const owners = new Map<string, Aside>();
  return {
    /** True when it was not set aside before: worth a word. */
    add({ row }: Refused): boolean {
      const key = ownerKeyOf(row);
      const times = (owners.get(key)?.times ?? 0) + 1;
      owners.set(key, { times, until: performance.now() + Math.min(FIRST_MS * 2 ** (times - 1), MOST_MS) });
      return times === 1;
    },
    /** What is published again is forgotten. */
    published(ownerKey: string): void {
      if (owners.size > 0) owners.delete(ownerKey);
    },
    /** Forgets those whom an operator has had sent again. Asks nothing while nobody is set aside. */
    async refresh(sql: pg.ClientBase): Promise<void> {
      if (owners.size === 0) return;
      const { rows } = await sql.query<{ key: string }>(STILL_MARKED, [[...owners.keys()]]);
      const marked = new Set(rows.map((row) => row.key));
      for (const key of owners.keys()) if (!marked.has(key)) owners.delete(key);
    },
    /** Whom to leave alone in this turn. */
    toSkip(): string[] {
      if (owners.size === 0) return [];
      const now = performance.now();
      let tried = 0;
      return [...owners].flatMap(([key, { until }]) => {
        if (until > now || tried >= TRIED_AT_ONCE) return [key];
        tried += 1;
        return [];
      });
    },
  };
}

/** Writes into the rows why they are set aside. */
export async function markSetAside(sql: pg.ClientBase, refused: readonly Refused[]): Promise<void> {
  if (refused.length === 0) return;
  await sql.query(MARK, [
    refused.map(({ row }) => row.id),
    refused.map(({ error }) => (error instanceof PublishFailed ? error.code : error.name)),
    refused.map(({ error }) => error.message),
  ]);
}
