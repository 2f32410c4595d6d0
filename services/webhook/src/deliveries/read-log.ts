import { present } from '@kith/service-kit';
import type pg from 'pg';

/** A line of the delivery log. Without the body: what is in an event is for its receiver. */
export interface LoggedDelivery {
  readonly id: number;
  readonly endpointId: string;
  readonly eventId: string;
  readonly ownerId: string;
  readonly revision: number;
  readonly type: string;
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly attempts: number;
  readonly status: number | null;
  readonly problem: string | null;
  readonly tookMs: number | null;
  readonly createdAt: Date;
  readonly tryAt: Date;
  readonly settledAt: Date | null;
}

/** Newest first. */
export async function readDeliveries(
  pool: pg.Pool,
  filter: { endpointId?: string | undefined; state?: string | undefined; before?: number | undefined; atMost: number },
): Promise<LoggedDelivery[]> {
  const { rows } = await pool.query(
    `SELECT id, endpoint_id AS "endpointId", event_id AS "eventId", owner_id AS "ownerId", revision, type, state, attempts,
       status, problem, took_ms AS "tookMs", created_at AS "createdAt", try_at AS "tryAt", settled_at AS "settledAt"
     FROM delivery
     WHERE ($1::uuid IS NULL OR endpoint_id = $1) AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR id < $3)
     ORDER BY id DESC LIMIT $4`,
    [filter.endpointId ?? null, filter.state ?? null, filter.before ?? null, filter.atMost],
  );
  return rows.map((row) => ({ ...row, id: Number(row.id), revision: Number(row.revision) }));
}

export interface Counts {
  readonly endpoints: number;
  readonly paused: number;
  readonly pending: number;
  readonly dead: number;
}

export async function countDeliveries(pool: pg.Pool): Promise<Counts> {
  const { rows } = await pool.query<Counts>(
    `SELECT (SELECT count(*)::int FROM endpoint) AS endpoints,
       (SELECT count(*)::int FROM endpoint WHERE state = 'paused') AS paused,
       (SELECT count(*)::int FROM delivery WHERE state = 'pending') AS pending,
       (SELECT count(*)::int FROM delivery WHERE state = 'dead') AS dead`,
  );
  return present(rows[0], 'a count is one row');
}
