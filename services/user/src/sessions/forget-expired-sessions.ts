import type { Logger } from '@kith/service-kit';
import type pg from 'pg';

const EVERY_MS = 3_600_000;
/** Batch size: small enough to hold no lock for long. */
const AT_ONCE = 5_000;

const FORGET = `
  DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < $1 LIMIT ${AT_ONCE})`;

/** Deletes the sessions that had expired by then, with their tokens. Resolves to their number. */
export async function forgetExpiredSessions(pool: pg.Pool, now: Date): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const { rowCount } = await pool.query(FORGET, [now]);
    forgotten += rowCount ?? 0;
    if ((rowCount ?? 0) < AT_ONCE) return forgotten;
  }
}

/** Deletes expired sessions every hour, until stopped. */
export function keepForgettingExpiredSessions(pool: pg.Pool, log: Logger): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = forgetExpiredSessions(pool, new Date()).catch((err) =>
      log.warn({ err }, 'expired sessions stay for now'),
    );
  }, EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
