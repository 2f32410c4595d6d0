import type pg from 'pg';
import type { Stoppable } from '../../broker/broker.ts';
import type { Log } from '../../observe/log.ts';
import { lookAtEachConnection } from '../../postgres/look-at-each-connection.ts';

/** How long a process may go on without noticing, under connections that stayed open. */
const LOOK_EVERY_MS = 1_000;
/** An event younger than that is in the outbox, however short its retention. */
const REMEMBERED_FOR_MS = 60 * 60 * 1_000;

const LOOK = `
  SELECT (SELECT event_id FROM outbox ORDER BY outbox.id DESC LIMIT 1) AS newest_event,
    $1::uuid IS NOT NULL AND NOT EXISTS (SELECT FROM outbox WHERE event_id = $1::uuid) AS is_behind`;

type Sql = Pick<pg.ClientBase, 'query'>;

export interface WatchForRestoresOptions {
  /** Of the same database; the first is looked at between connections as well. */
  readonly pools: readonly [pg.Pool, ...pg.Pool[]];
  /**
   * Waited for before anything else is asked over the connection that told; called again when it rejects. `goodAt`: when
   * the database was last seen with all that this process had seen in it.
   */
  readonly onPutBack: (sql: Sql, goodAt: Date) => Promise<void>;
  readonly log: Log;
  readonly everyMs?: number;
}

/**
 * Watchdog for a database that is put back to an earlier state while this process runs: the newest event that it has
 * seen in the outbox is missing then. Every new connection is looked at before it is handed out, since a database is put
 * back while nobody is connected; and the database every second, for one that is put back under open connections. A
 * database that is away is no news: it is looked at when it is back.
 */
export async function watchForRestores(options: WatchForRestoresOptions): Promise<Stoppable> {
  const { pools, onPutBack, log, everyMs = LOOK_EVERY_MS } = options;
  let seen: { event: string; at: number } | undefined;
  let goodAt = new Date();
  let noticing: Promise<void> | undefined;

  async function look(sql: Sql): Promise<void> {
    await noticing;
    const askedAt = new Date();
    const remembered = seen && performance.now() - seen.at < REMEMBERED_FOR_MS ? seen : undefined;
    const { rows } = await sql.query(LOOK, [remembered?.event ?? null]);
    // Another connection has told meanwhile.
    if (noticing) return noticing;
    const [{ newest_event: event, is_behind: isBehind }] = rows;
    if (isBehind && seen === remembered) {
      noticing = onPutBack(sql, goodAt).finally(() => {
        noticing = undefined;
      });
      await noticing;
    }
    goodAt = askedAt;
    if (event !== seen?.event) seen = event ? { event, at: performance.now() } : undefined;
  }

  const lookQuietly = () => look(pools[0]).catch((err) => log.debug({ err }, 'the database cannot be looked at now'));
  await lookQuietly();
  for (const pool of new Set(pools)) lookAtEachConnection(pool, look);

  let stopped = false;
  let looking: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const lookAgain = () => {
    if (stopped) return;
    timer = setTimeout(() => {
      looking = lookQuietly().then(lookAgain);
    }, everyMs).unref();
  };
  lookAgain();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
