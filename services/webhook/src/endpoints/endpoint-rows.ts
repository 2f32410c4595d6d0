import { randomBytes } from 'node:crypto';
import { present } from '@kith/service-kit';
import type pg from 'pg';
import { v7 as newId } from 'uuid';

/** An endpoint as the operator sees it, and as it is worked with. */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly state: 'active' | 'paused';
  readonly pausedBecause: string | null;
  readonly createdAt: Date;
}

/** Of an endpoint that is sent to: the newest first, and for a day after a change the one before. */
export type Secrets = readonly string[];

const COLUMNS = `id, url, events, state, paused_because AS "pausedBecause", created_at AS "createdAt"`;
const PREVIOUS_GOOD_FOR = `interval '1 day'`;
/** Standard Webhooks: 24 to 64 random bytes, base64, after the prefix. */
const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

export async function addEndpoint(
  pool: pg.Pool,
  wanted: Pick<Endpoint, 'url' | 'events'>,
): Promise<Endpoint & { secret: string }> {
  const { rows } = await pool.query<Endpoint & { secret: string }>(
    `INSERT INTO endpoint (id, url, events, secret) VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}, secret`,
    [newId(), wanted.url, wanted.events, newSecret()],
  );
  return present(rows[0], 'what is inserted is returned');
}

export async function listEndpoints(pool: pg.Pool): Promise<Endpoint[]> {
  return (await pool.query<Endpoint>(`SELECT ${COLUMNS} FROM endpoint ORDER BY created_at, id`)).rows;
}

export async function findEndpoint(pool: pg.Pool, id: string): Promise<(Endpoint & { secrets: Secrets }) | undefined> {
  const { rows } = await pool.query(`SELECT ${COLUMNS}, ${SECRETS} FROM endpoint WHERE id = $1`, [id]);
  return rows[0];
}

/** With its deliveries. */
export async function removeEndpoint(pool: pg.Pool, id: string): Promise<boolean> {
  return (await pool.query('DELETE FROM endpoint WHERE id = $1', [id])).rowCount === 1;
}

/** Nothing is sent to it, and its events wait. `because`: why, when nobody asked for it. */
export async function pauseEndpoint(pool: pg.Pool, id: string, because?: string): Promise<boolean> {
  const sql = `UPDATE endpoint SET state = 'paused', paused_because = $2 WHERE id = $1`;
  return (await pool.query(sql, [id, because ?? null])).rowCount === 1;
}

/** What waited is tried at once, and has all its time again: what the pause took is not counted. */
export async function resumeEndpoint(pool: pg.Pool, id: string, retryForMs: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `WITH resumed AS (UPDATE endpoint SET state = 'active', paused_because = NULL WHERE id = $1 RETURNING id),
      again AS (
        UPDATE delivery SET try_at = now(), give_up_at = greatest(give_up_at, now() + $2 * interval '1 millisecond')
        WHERE endpoint_id = $1 AND state = 'pending')
     SELECT FROM resumed`,
    [id, retryForMs],
  );
  return rowCount === 1;
}

/** The new secret; the one before signs as well, for a day. undefined when there is no such endpoint. */
export async function rotateSecret(pool: pg.Pool, id: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ secret: string }>(
    `UPDATE endpoint SET previous_secret = secret, previous_secret_until = now() + ${PREVIOUS_GOOD_FOR}, secret = $2
     WHERE id = $1 RETURNING secret`,
    [id, newSecret()],
  );
  return rows[0]?.secret;
}

const SECRETS = `CASE WHEN previous_secret_until > now() THEN ARRAY[secret, previous_secret] ELSE ARRAY[secret] END AS secrets`;

/**
 * Lease: one process at a time sends to an endpoint, so that its owners' order holds. Taken and renewed alike; undefined
 * while another one has it, while the endpoint is paused, and when it is gone.
 *
 * @param leaseMs how long a process that says nothing more keeps it from the others
 */
export async function leaseEndpoint(
  pool: pg.Pool,
  id: string,
  { holder, leaseMs }: { holder: string; leaseMs: number },
): Promise<{ url: string; secrets: Secrets } | undefined> {
  const { rows } = await pool.query(
    `UPDATE endpoint SET leased_by = $2, leased_until = now() + $3 * interval '1 millisecond'
     WHERE id = $1 AND state = 'active' AND (leased_by = $2 OR leased_until IS NULL OR leased_until < now())
     RETURNING url, ${SECRETS}`,
    [id, holder, leaseMs],
  );
  return rows[0];
}

export async function releaseEndpoint(pool: pg.Pool, id: string, holder: string): Promise<void> {
  await pool.query('UPDATE endpoint SET leased_by = NULL, leased_until = NULL WHERE id = $1 AND leased_by = $2', [
    id,
    holder,
  ]);
}
