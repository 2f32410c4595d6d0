import type pg from 'pg';
import { PublishFailed } from '../../broker/publish-failed.ts';
import type { OutboxRow } from './unpublished-rows.ts';

/** An owner whose event no broker takes is left alone so long, doubled each time; the others flow. */
const FIRST_MS = 30_000;
const MOST_MS = 10 * 60_000;
/** Of those whose time is up so many are tried in one turn: trying in vain must not hold up the others. */
const TRIED_AT_ONCE = 16;

// In the row, so that every process can tell, and an operator can take it away.
const MARK = `
  UPDATE outbox SET headers = headers || jsonb_build_object('setAside',
    jsonb_build_object('code', fault.code, 'message', fault.message, 'at', now()))
  FROM unnest($1::bigint[], $2::text[], $3::text[]) AS fault (id, code, message) WHERE outbox.id = fault.id`;

const STILL_MARKED = `
  SELECT DISTINCT owner_id FROM outbox WHERE published_at IS NULL AND headers ? 'setAside' AND owner_id = ANY ($1)`;

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
      const times = (owners.get(row.owner_id)?.times ?? 0) + 1;
      owners.set(row.owner_id, { times, until: performance.now() + Math.min(FIRST_MS * 2 ** (times - 1), MOST_MS) });
      return times === 1;
    },
    /** What is published again is forgotten. */
    published(ownerId: string): void {
      if (owners.size > 0) owners.delete(ownerId);
    },
    /** Forgets those whom an operator has had sent again. Asks nothing while nobody is set aside. */
    async refresh(sql: pg.ClientBase): Promise<void> {
      if (owners.size === 0) return;
      const { rows } = await sql.query<{ owner_id: string }>(STILL_MARKED, [[...owners.keys()]]);
      const marked = new Set(rows.map((row) => row.owner_id));
      for (const ownerId of owners.keys()) if (!marked.has(ownerId)) owners.delete(ownerId);
    },
    /** Whom to leave alone in this turn. */
    toSkip(): string[] {
      if (owners.size === 0) return [];
      const now = performance.now();
      let tried = 0;
      return [...owners].flatMap(([ownerId, { until }]) => {
        if (until > now || tried >= TRIED_AT_ONCE) return [ownerId];
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
