import type pg from 'pg';
import { inTransaction } from '../postgres/in-transaction.ts';
import { OUTBOX_CHANNEL } from './append-to-outbox.ts';
import { EVENT_COLUMNS } from './archive/archive-old-rows.ts';
import { makePartition, monthOf } from './archive/month-partitions.ts';
import { RELAY_LOCK } from './relay-lock.ts';

/** An event that no broker took, and whose owner's later events wait behind it. */
export interface SetAside {
  readonly outboxId: number;
  readonly eventId: string;
  readonly ownerKind: string;
  readonly ownerId: string;
  readonly revision: number;
  readonly type: string;
  readonly subject: string;
  /** Of PublishFailed: NO_STREAM, TOO_LARGE, BAD_SUBJECT. */
  readonly code: string;
  readonly message: string;
  /** When it was tried last. */
  readonly at: string;
  readonly occurredAt: string;
  readonly waitingBehind: number;
}

/** Which are meant; what is left out matches all. */
export interface SetAsideFilter {
  readonly outboxIds?: readonly number[] | undefined;
  readonly owners?: readonly string[] | undefined;
}

const MEANT = `published_at IS NULL AND headers ? 'setAside'
    AND ($1::bigint[] IS NULL OR id = ANY ($1)) AND ($2::text[] IS NULL OR owner_id = ANY ($2))`;
const meant = ({ outboxIds, owners }: SetAsideFilter) => [outboxIds ?? null, owners ?? null];

const LIST = `
  SELECT id::float8 AS "outboxId", event_id AS "eventId", owner_kind AS "ownerKind", owner_id AS "ownerId",
    revision::float8 AS revision, type, subject,
    headers #>> '{setAside,code}' AS code, headers #>> '{setAside,message}' AS message, headers #>> '{setAside,at}' AS at,
    to_jsonb(occurred_at) #>> '{}' AS "occurredAt",
    (SELECT count(*) FROM outbox AS later WHERE later.published_at IS NULL AND later.owner_id = outbox.owner_id
      AND later.owner_kind = outbox.owner_kind AND later.id > outbox.id)::int AS "waitingBehind"
  FROM outbox WHERE ${MEANT} ORDER BY id`;

const SEND = `
  WITH sent AS (UPDATE outbox SET headers = headers - 'setAside' WHERE ${MEANT} RETURNING id)
  SELECT count(*)::int AS sent, pg_notify('${OUTBOX_CHANNEL}', '')::text FROM sent`;

const MONTHS = `SELECT DISTINCT date_trunc('month', occurred_at, 'UTC') AS month FROM outbox WHERE ${MEANT}`;

// Out of the relay's sight, and on record: the archive keeps why it was set aside.
const DROP = `
  WITH taken AS (DELETE FROM outbox WHERE ${MEANT} RETURNING ${EVENT_COLUMNS}),
  kept AS (
    INSERT INTO event_archive.outbox (${EVENT_COLUMNS})
    SELECT id, event_id, owner_kind, owner_id, revision, type, subject, payload,
      headers || jsonb_build_object('dropped', now()), occurred_at, published_at, stream_sequence FROM taken)
  SELECT id::float8 AS "outboxId", pg_notify('${OUTBOX_CHANNEL}', '')::text FROM taken ORDER BY id`;

/** Dead letters of the outbox: what it has set aside, oldest first. */
export async function listSetAside(pool: pg.Pool, filter: SetAsideFilter = {}): Promise<SetAside[]> {
  return (await pool.query<SetAside>(LIST, meant(filter))).rows;
}

/** One of them with what it says; undefined when it is not set aside. */
export async function showSetAside(
  pool: pg.Pool,
  outboxId: number,
): Promise<(SetAside & { data: unknown }) | undefined> {
  const [found] = await listSetAside(pool, { outboxIds: [outboxId] });
  if (!found) return undefined;
  const { rows } = await pool.query<{ payload: unknown }>('SELECT payload FROM outbox WHERE id = $1', [outboxId]);
  return { ...found, data: rows[0]?.payload };
}

/**
 * Redrive: has what was set aside tried again now. The relay finds their marks gone at its next turn. Resolves to the
 * number of events; one that still cannot be published is set aside anew.
 */
export async function sendSetAside(pool: pg.Pool, filter: SetAsideFilter): Promise<number> {
  const { rows } = await pool.query<{ sent: number }>(SEND, meant(filter));
  return rows[0]?.sent ?? 0;
}

/**
 * Gives up for good what no broker takes: it is never published, what waits behind it is published next, and the archive
 * keeps it as dropped. Consumers that count revisions see a hole. Resolves to the events' places in the outbox.
 */
export async function dropSetAside(pool: pg.Pool, filter: SetAsideFilter): Promise<number[]> {
  const { rows: months } = await pool.query<{ month: Date }>(MONTHS, meant(filter));
  for (const { month } of months) await makePartition(pool, monthOf(month));
  return inTransaction(pool, async (sql) => {
    // The relay may be trying just these.
    await sql.query('SELECT pg_advisory_xact_lock($1)', [RELAY_LOCK]);
    const { rows } = await sql.query<{ outboxId: number }>(DROP, meant(filter));
    return rows.map(({ outboxId }) => outboxId);
  });
}
