import type pg from 'pg';
import type { Attempt, Next } from '../domain/after-an-attempt.ts';

/** Writes down what came of an attempt, and what follows. What was taken is no longer kept here; what is no longer pending stays as it is. */
export async function settleDelivery(pool: pg.Pool, id: string, attempt: Attempt, next: Next): Promise<void> {
  await pool.query(
    `UPDATE delivery SET state = $2, attempts = attempts + 1, status = $3, problem = $4, took_ms = $5,
       body = CASE WHEN $2 = 'delivered' THEN '' ELSE body END,
       try_at = coalesce($6, try_at), settled_at = CASE WHEN $2 = 'pending' THEN NULL ELSE now() END
     WHERE id = $1 AND state = 'pending'`,
    [
      id,
      next.state,
      attempt.status ?? null,
      attempt.problem ?? null,
      attempt.tookMs,
      next.state === 'pending' ? next.tryAt : null,
    ],
  );
}

/**
 * Sends again what was given up, with all its time: all of an endpoint's, or those that are named. What is not dead stays
 * as it is. Resolves to how many.
 */
export async function redriveDeliveries(
  pool: pg.Pool,
  endpointId: string,
  { ids, retryForMs }: { ids?: readonly number[] | undefined; retryForMs: number },
): Promise<number> {
  const { rowCount } = await pool.query(
    `UPDATE delivery SET state = 'pending', settled_at = NULL, try_at = now(),
       give_up_at = now() + $3 * interval '1 millisecond'
     WHERE endpoint_id = $1 AND state = 'dead' AND ($2::bigint[] IS NULL OR id = ANY($2))`,
    [endpointId, ids ?? null, retryForMs],
  );
  return rowCount ?? 0;
}
