import type pg from 'pg';
import { OUTBOX_CHANNEL } from './append-to-outbox.ts';

/** An event that no broker took, and whose owner's later events wait behind it. */
export interface SetAside {
  readonly outboxId: number;
  readonly eventId: string;
  readonly ownerId: string;
  readonly revision: number;
  readonly type: string;
  readonly subject: string;
  /** Of PublishFailed: NO_STREAM, TOO_LARGE, BAD_SUBJECT. */
  readonly code: string;
  readonly message: string;
  /** When it was tried last. */
  readonly at: string;
  readonly waitingBehind: number;
}

const LIST = `
  SELECT id::float8 AS "outboxId", event_id AS "eventId", owner_id AS "ownerId", revision::float8 AS revision, type, subject,
    headers #>> '{setAside,code}' AS code, headers #>> '{setAside,message}' AS message, headers #>> '{setAside,at}' AS at,
    (SELECT count(*) FROM outbox AS later WHERE later.published_at IS NULL AND later.owner_id = outbox.owner_id
      AND later.id > outbox.id)::int AS "waitingBehind"
  FROM outbox WHERE published_at IS NULL AND headers ? 'setAside' ORDER BY id`;

const SEND = `
  WITH sent AS (
    UPDATE outbox SET headers = headers - 'setAside'
    WHERE published_at IS NULL AND headers ? 'setAside' AND ($1::text[] IS NULL OR owner_id = ANY ($1)) RETURNING id)
  SELECT count(*)::int AS sent, pg_notify('${OUTBOX_CHANNEL}', '')::text FROM sent`;

/** What this outbox has set aside, oldest first. */
export async function listSetAside(pool: pg.Pool): Promise<SetAside[]> {
  return (await pool.query<SetAside>(LIST)).rows;
}

/**
 * Has what was set aside tried again now: of these owners, or of all. The relay finds their marks gone at its next turn.
 * Resolves to the number of events; one that still cannot be published is set aside anew.
 */
export async function sendSetAside(pool: pg.Pool, what: { owners?: readonly string[] | undefined }): Promise<number> {
  const { rows } = await pool.query<{ sent: number }>(SEND, [what.owners ?? null]);
  return rows[0]?.sent ?? 0;
}
