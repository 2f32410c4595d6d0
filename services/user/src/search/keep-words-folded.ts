import { inTransaction } from '@kith/event-delivery';
import type { Logger } from '@kith/service-kit';
import type pg from 'pg';
import { FOLDING, saveWords } from './save-words.ts';

const USERS_AT_ONCE = 200;
/** An instance of an older release may run beside this one for a while, and still folds names the old way. */
const LOOK_AGAIN_AFTER_MS = 60_000;

// A literal, as in the partial index: with a parameter Postgres would not use that index.
const FOLDED_BEFORE = `
  SELECT DISTINCT user_id AS id FROM user_word WHERE folding < ${FOLDING} ORDER BY id LIMIT ${USERS_AT_ONCE}`;
// A change of a name locks this row first, so neither side can save the words of an outdated name. Locked users are
// skipped and folded later.
const THEIR_NAMES = `
  SELECT id, username, nickname FROM users WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`;

/**
 * Backfill: refolds the words of all users that an older folding made, one batch per transaction, and resumes after a
 * restart. Until then a user is found by the old words. Several processes may run it at once. Never rejects.
 */
export function keepWordsFolded(pool: pg.Pool, log: Logger): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = run();

  async function run(): Promise<void> {
    try {
      let users = 0;
      for (let more = true; more && !stopped; ) {
        const folded = await foldBatch(pool);
        users += folded;
        more = folded > 0;
      }
      if (users > 0) log.info({ users }, 'the words of users were folded anew');
    } catch (err) {
      log.warn({ err }, 'the words of users could not be folded anew; it is tried again');
    }
    if (stopped) return;
    timer = setTimeout(() => {
      running = run();
    }, LOOK_AGAIN_AFTER_MS).unref();
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** @returns how many users it has refolded; 0 when none are left, or other processes hold the rest */
async function foldBatch(pool: pg.Pool): Promise<number> {
  return inTransaction(pool, async (sql) => {
    const { rows } = await sql.query<{ id: string }>(FOLDED_BEFORE);
    if (rows.length === 0) return 0;
    const users = await sql.query<{ id: string; username: string; nickname: string }>(THEIR_NAMES, [
      rows.map(({ id }) => id),
    ]);
    await saveWords(sql, users.rows);
    return users.rows.length;
  });
}
