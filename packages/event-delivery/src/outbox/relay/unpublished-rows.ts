import pg from 'pg';
import { RELAY_LOCK } from '../relay-lock.ts';

export const BATCH = 1_000;
/** A relay that is frozen inside a batch loses its session, and with it the lock, to the next one. */
const FROZEN_AFTER_MS = 3_000;

// Not waiting for the disk: a mark that a crash takes back only means that its event is published again.
// A statement of its own: the one after it sees all that the relay before has marked.
const BECOME_THE_ONLY_RELAY = `
  SELECT set_config('synchronous_commit', 'off', true),
    set_config('idle_in_transaction_session_timeout', '${FROZEN_AFTER_MS}', true),
    set_config('kith.is_relay', pg_try_advisory_xact_lock(${RELAY_LOCK})::text, true) AS is_relay`;

/** An id alone names no owner: order 1 and customer 1 are two. There is no space in an id. */
export const OWNER_KEY = "owner_kind || ' ' || owner_id";
export const ownerKeyOf = (row: Pick<OutboxRow, 'owner_kind' | 'owner_id'>): string =>
  `${row.owner_kind} ${row.owner_id}`;

// By id among the unpublished, never "id > last seen": a transaction that took its ids early may commit late.
const nextBatch = (ownersToSkip: string) => `
  SELECT id, event_id, owner_kind, owner_id, revision, type, subject, payload::text, headers ->> 'traceparent' AS traceparent,
    headers ->> 'republished' AS republished, occurred_at
  FROM outbox WHERE published_at IS NULL AND current_setting('kith.is_relay') = 'true'
    AND (cardinality(${ownersToSkip}) = 0 OR ${OWNER_KEY} <> ALL (${ownersToSkip}))
  ORDER BY id LIMIT ${BATCH}`;

// Not now(), which is when the transaction began, before the broker had any of it: reconciling compares with this time.
const markPublished = (ids: string, sequences: string) => `
  UPDATE outbox SET published_at = clock_timestamp(), stream_sequence = done.sequence
  FROM unnest(${ids}, ${sequences}) AS done (id, sequence) WHERE outbox.id = done.id`;

const PREPARE = `
  PREPARE kith_become_relay AS ${BECOME_THE_ONLY_RELAY};
  PREPARE kith_next_batch (text[]) AS ${nextBatch('$1')};
  PREPARE kith_mark_published (bigint[], bigint[]) AS ${markPublished('$1', '$2')};`;

/** Sessions that know these statements already, whichever relay of this process told them. */
const prepared = new WeakSet<pg.ClientBase>();

export interface OutboxRow {
  id: string;
  event_id: string;
  owner_kind: string;
  owner_id: string;
  revision: string;
  type: string;
  subject: string;
  /** JSON. */
  payload: string;
  traceparent: string | null;
  republished: string | null;
  occurred_at: Date;
}

export interface PublishedRow {
  readonly id: string;
  readonly sequence: number;
  /** See `ownerKeyOf`. */
  readonly ownerKey: string;
}

export interface UnpublishedRows {
  /** Begins a transaction; the rows to publish, undefined while another relay is publishing. */
  begin(ownersToSkip: readonly string[]): Promise<OutboxRow[] | undefined>;
  /** Ends the transaction with these marked, and begins the next one. */
  markAndBegin(done: readonly PublishedRow[], ownersToSkip: readonly string[]): Promise<OutboxRow[] | undefined>;
  markAndEnd(done: readonly PublishedRow[]): Promise<void>;
  end(): Promise<void>;
}

/**
 * What the relay says to Postgres, in ONE round trip each: statements in a row make a simple query, which has no
 * parameters, and PREPARE saves their planning. `prepares: false` does without it, where the session may be another one
 * each time.
 */
export function unpublishedRows(client: pg.ClientBase, { prepares }: { prepares: boolean }): UnpublishedRows {
  const begin = (ownersToSkip: readonly string[]) => {
    const owners = `ARRAY[${ownersToSkip.map(pg.escapeLiteral)}]::text[]`;
    if (!prepares) return `BEGIN ISOLATION LEVEL READ COMMITTED; ${BECOME_THE_ONLY_RELAY}; ${nextBatch(owners)}`;
    return `BEGIN ISOLATION LEVEL READ COMMITTED; EXECUTE kith_become_relay; EXECUTE kith_next_batch (${owners})`;
  };
  const markAndEnd = (done: readonly PublishedRow[]) => {
    if (done.length === 0) return 'COMMIT';
    const ids = `'{${done.map(({ id }) => id)}}'::bigint[]`;
    const sequences = `'{${done.map(({ sequence }) => sequence)}}'::bigint[]`;
    const mark = prepares ? `EXECUTE kith_mark_published (${ids}, ${sequences})` : markPublished(ids, sequences);
    return `${mark}; COMMIT`;
  };
  async function rowsOf(statements: string): Promise<OutboxRow[] | undefined> {
    const results = (await client.query(statements)) as unknown as pg.QueryResult[];
    return results.at(-2)?.rows[0].is_relay === 'true' ? results.at(-1)?.rows : undefined;
  }
  return {
    async begin(ownersToSkip) {
      if (prepares && !prepared.has(client)) {
        await client.query(PREPARE);
        prepared.add(client);
      }
      return rowsOf(begin(ownersToSkip));
    },
    markAndBegin: (done, ownersToSkip) => rowsOf(`${markAndEnd(done)}; ${begin(ownersToSkip)}`),
    async markAndEnd(done) {
      await client.query(markAndEnd(done));
    },
    async end() {
      await client.query('COMMIT');
    },
  };
}

/** What was prepared is not there, or is there already: between us and Postgres is a pooler that changes sessions. */
export function isOfAnotherSession(error: unknown): boolean {
  const INVALID_SQL_STATEMENT_NAME = '26000';
  const DUPLICATE_PREPARED_STATEMENT = '42P05';
  const { code } = error as { code?: unknown };
  return code === INVALID_SQL_STATEMENT_NAME || code === DUPLICATE_PREPARED_STATEMENT;
}
