import type { SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';

/** An event as it is sent. */
export interface EventToSend {
  readonly eventId: string;
  readonly stream: string;
  readonly ownerId: string;
  readonly revision: number;
  readonly type: string;
  /** The CloudEvent, as JSON. */
  readonly body: string;
}

export interface Due extends EventToSend {
  readonly id: string;
  readonly attempts: number;
  readonly giveUpAt: Date;
}

/** Puts an event into the queues of these endpoints, once each; of one that was removed meanwhile, nowhere. */
export async function queueDeliveries(
  sql: SqlConnection,
  event: EventToSend,
  { endpointIds, retryForMs }: { endpointIds: readonly string[]; retryForMs: number },
): Promise<void> {
  const { eventId, stream, ownerId, revision, type, body } = event;
  await sql.query(
    `INSERT INTO delivery (endpoint_id, event_id, stream, owner_id, revision, type, body, give_up_at)
     SELECT id, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond' FROM endpoint WHERE id = ANY($1::uuid[])
     FOR KEY SHARE
     ON CONFLICT DO NOTHING`,
    [endpointIds, eventId, stream, ownerId, revision, type, body, retryForMs],
  );
}

/**
 * What may be sent to an endpoint now: of each owner the lowest revision that waits, if its time has come.
 *
 * @param inHand ids that are being sent
 */
export async function findDue(
  pool: pg.Pool,
  endpointId: string,
  { inHand, atMost }: { inHand: readonly string[]; atMost: number },
): Promise<Due[]> {
  const { rows } = await pool.query(
    `SELECT id, event_id AS "eventId", stream, owner_id AS "ownerId", revision::int8, type, body, attempts,
       give_up_at AS "giveUpAt"
     FROM delivery d
     WHERE endpoint_id = $1 AND state = 'pending' AND try_at <= now() AND id <> ALL($2::bigint[])
       AND NOT EXISTS (
         SELECT FROM delivery e WHERE e.endpoint_id = d.endpoint_id AND e.state = 'pending' AND e.stream = d.stream
           AND e.owner_id = d.owner_id AND e.revision < d.revision)
     ORDER BY try_at, id LIMIT $3`,
    [endpointId, inHand, atMost],
  );
  return rows.map((row) => ({ ...row, revision: Number(row.revision) }));
}
