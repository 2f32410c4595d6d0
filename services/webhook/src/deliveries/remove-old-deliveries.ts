import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@kith/service-kit';
import type pg from 'pg';

const BATCH = 1_000;
const REST_MS = 50;
const LOOK_EVERY_MS = 10 * 60 * 1_000;
/** Of an endpoint, whatever their age. */
const MOST_SETTLED = 100_000;

const OLD = `
  DELETE FROM delivery WHERE id IN (
    SELECT id FROM delivery WHERE state <> 'pending' AND settled_at < now() - $1 * interval '1 day'
    ORDER BY settled_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;

/** A pause of that length is a farewell: what waits is given up, and can be redriven for as long again. */
const EXPIRED = `
  UPDATE delivery SET state = 'dead', settled_at = now(), problem = 'PAUSED_TOO_LONG' WHERE id IN (
    SELECT d.id FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
    WHERE d.state = 'pending' AND e.state = 'paused' AND d.created_at < now() - $1 * interval '1 day'
    ORDER BY d.id LIMIT ${BATCH} FOR UPDATE OF d SKIP LOCKED)`;

const TOO_MANY = `
  DELETE FROM delivery WHERE id IN (
    SELECT d.id FROM endpoint e
    CROSS JOIN LATERAL (
      SELECT id FROM delivery WHERE endpoint_id = e.id AND state <> 'pending' ORDER BY id DESC OFFSET $1 LIMIT ${BATCH}
    ) d)`;

/** Retention of the delivery log: by age, and by number for each endpoint. Small batches, with a rest after each. */
export async function removeOldDeliveries(
  pool: pg.Pool,
  { logDays, mostSettled = MOST_SETTLED, signal }: { logDays: number; mostSettled?: number; signal?: AbortSignal },
): Promise<number> {
  let removed = 0;
  for (const [sql, value] of [
    [EXPIRED, logDays],
    [OLD, logDays],
    [TOO_MANY, mostSettled],
  ] as const) {
    for (let changed = BATCH; changed >= BATCH && !signal?.aborted; removed += changed) {
      changed = (await pool.query(sql, [value])).rowCount ?? 0;
      if (changed >= BATCH) await sleep(REST_MS);
    }
  }
  return removed;
}

/** Keeps the log to its retention, every ten minutes, in any number of processes. */
export function keepRemovingOldDeliveries(pool: pg.Pool, logDays: number, log: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  async function run(): Promise<void> {
    while (!signal.aborted) {
      await removeOldDeliveries(pool, { logDays, signal }).catch((err) => {
        log.warn({ err }, 'old webhook deliveries could not be removed; the next round tries again');
      });
      await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
