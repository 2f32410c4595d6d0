import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Stoppable } from '../broker/broker.ts';
import type { Log } from '../observe/log.ts';
import { archiveOldRows } from './archive/archive-old-rows.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const BATCH = 1_000;
const REST_MS = 50;

const FORGET_HANDLED = `
  DELETE FROM inbox WHERE (consumer, event_id) IN (
    SELECT consumer, event_id FROM inbox WHERE handled_at < now() - $1 * interval '1 millisecond'
    ORDER BY handled_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;

export interface Retention {
  /** How long published events stay in the outbox: what a wiped stream is healed from at once (30 days). */
  readonly keepOutboxMs?: number;
  /**
   * How long events stay at all, for audit and replay (90 days): past `keepOutboxMs` they are in the archive, a month's
   * events together until the youngest of them is so old.
   */
  readonly keepEventsMs?: number;
  /**
   * How long a handled event is remembered (60 days). Longer than any producer keeps its outbox, for what can be
   * republished can come again.
   */
  readonly keepInboxMs?: number;
}

/** What the tables of a service are: one that publishes nothing has no outbox. */
export interface Tables {
  readonly hasOutbox?: boolean;
}

/**
 * Retention: moves old events into their months' archive, drops the months that are older, and forgets what was handled
 * long ago; in small batches with a rest after each: a writer waits for none of it.
 */
export async function removeOldRows(
  pool: pg.Pool,
  retention: Retention & Tables = {},
  signal?: AbortSignal,
): Promise<{ archived: number; months: number; inbox: number }> {
  const { keepOutboxMs = 30 * DAY_MS, keepInboxMs = 60 * DAY_MS, hasOutbox = true } = retention;
  const keepEventsMs = Math.max(retention.keepEventsMs ?? 90 * DAY_MS, keepOutboxMs);
  const now = Date.now();
  const [outboxBefore, archiveBefore] = [new Date(now - keepOutboxMs), new Date(now - keepEventsMs)];
  const nothing = { archived: 0, dropped: 0 };
  const { archived, dropped } = hasOutbox
    ? await archiveOldRows(pool, { outboxBefore, archiveBefore, signal })
    : nothing;
  return { archived, months: dropped, inbox: await removeInBatches(pool, FORGET_HANDLED, keepInboxMs, signal) };
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
export function startJanitor(options: Retention & Tables & { pool: pg.Pool; log: Log; everyMs?: number }): Stoppable {
  const { pool, log, everyMs = 10 * 60 * 1_000 } = options;
  const stopping = new AbortController();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const removed = await removeOldRows(pool, options, stopping.signal);
        if (removed.archived + removed.months + removed.inbox > 0) log.debug(removed, 'old events were archived');
      } catch (error) {
        log.warn({ error: String(error) }, 'old events could not be archived; the next round tries again');
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
