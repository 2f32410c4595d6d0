import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Stoppable } from '../broker/broker.ts';
import type { Log } from '../observe/log.ts';
import { OWED } from './owed-rows.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const BATCH = 1_000;
const REST_MS = 50;

// Never what is still to be published, for the first time or again. Rows that somebody has locked (a republish) are left for the next round.
const REMOVE_PUBLISHED = `
  DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE occurred_at < now() - $1 * interval '1 millisecond' AND published_at IS NOT NULL
      AND stream_sequence IS DISTINCT FROM ${OWED}
    ORDER BY occurred_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;

const FORGET_HANDLED = `
  DELETE FROM inbox WHERE (consumer, event_id) IN (
    SELECT consumer, event_id FROM inbox WHERE handled_at < now() - $1 * interval '1 millisecond'
    ORDER BY handled_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;

export interface Retention {
  /**
   * How long published events stay: the audit trail, the history of every owner, and what a wiped stream is healed from
   * (30 days).
   */
  readonly keepOutboxMs?: number;
  /**
   * How long a handled event is remembered (60 days). Longer than any producer keeps its outbox, for what can be
   * republished can come again.
   */
  readonly keepInboxMs?: number;
}

/** Retention: removes what is older, in small batches with a rest after each: a writer waits for none of it. */
export async function removeOldRows(
  pool: pg.Pool,
  retention: Retention = {},
  signal?: AbortSignal,
): Promise<{ outbox: number; inbox: number }> {
  const { keepOutboxMs = 30 * DAY_MS, keepInboxMs = 60 * DAY_MS } = retention;
  return {
    outbox: await removeInBatches(pool, REMOVE_PUBLISHED, keepOutboxMs, signal),
    inbox: await removeInBatches(pool, FORGET_HANDLED, keepInboxMs, signal),
  };
}

async function removeInBatches(pool: pg.Pool, sql: string, keepMs: number, signal?: AbortSignal): Promise<number> {
  for (let removed = 0; ; ) {
    const { rowCount } = await pool.query(sql, [keepMs]);
    removed += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH || signal?.aborted) return removed;
    await sleep(REST_MS);
  }
}

/**
 * Keeps outbox and inbox to their retention, every `everyMs` (10 minutes). Any number of processes may do so at once.
 */
export function startJanitor(options: Retention & { pool: pg.Pool; log: Log; everyMs?: number }): Stoppable {
  const { pool, log, everyMs = 10 * 60 * 1_000 } = options;
  const stopping = new AbortController();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const removed = await removeOldRows(pool, options, stopping.signal);
        if (removed.outbox + removed.inbox > 0) log.debug(removed, 'old events were removed');
      } catch (error) {
        log.warn({ error: String(error) }, 'old events could not be removed; the next round tries again');
      }
      await sleep(everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
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
