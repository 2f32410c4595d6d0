import { type Log, lookAtEachConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { looksUpEvents } from './look-up-events.ts';

/** How long a process may go on with a timeline that is over. */
export const TIMELINE_LOOK_EVERY_MS = 1_000;

// $1 is an event that this process has seen committed: where it is missing, the database was put back.
const LOOK = `
  SELECT id, started_at, (SELECT event_id FROM outbox ORDER BY outbox.id DESC LIMIT 1) AS newest_event,
    $1::uuid IS NOT NULL AND NOT EXISTS (SELECT FROM outbox WHERE event_id = $1::uuid) AS is_behind
  FROM timeline ORDER BY started_at DESC LIMIT 1`;
// Later than any other, whatever the clocks of the servers before and after the restore say.
const BEGIN = `
  INSERT INTO timeline (started_at)
  SELECT greatest(clock_timestamp(), max(started_at) + interval '1 millisecond') FROM timeline RETURNING id, started_at`;
/** The clocks of those who wrote events differ from that of the database, which wrote when a timeline began. */
const CLOCKS_DIFFER_MS = 60_000;
/** An event younger than that is in the outbox, however short its retention. */
const REMEMBERED_FOR_MS = 60 * 60 * 1_000;

type Sql = Pick<pg.ClientBase, 'query'>;

/**
 * The timeline that revisions count in. A database restored from a backup counts the same numbers again for other
 * changes: a new timeline tells cursors from before the restore from those that came after.
 */
export interface Timeline {
  readonly current: string;
  /** Begins a new one; other processes know within TIMELINE_LOOK_EVERY_MS. */
  begin(): Promise<string>;
  /**
   * Whether an event happened in what this database knows as the past. One that is older than the timeline may be of the
   * time that was lost, and is looked up; any other costs nothing.
   */
  holds(event: { readonly id: string; readonly occurredAt: Date }): Promise<boolean>;
  /** Called when one has begun, here or in another process. */
  onBegun(handler: () => void): void;
  stop(): void;
}

/**
 * Follows the newest timeline, and begins one by itself when the database lacks an event that this process has seen in
 * it. Every new connection of this pool, and of the others to the same database, is looked at before it is used, since a
 * database is put back while nobody is connected; and every second, for one that is put back under open connections.
 */
export async function followTimeline(
  pool: pg.Pool,
  log: Log,
  { lookEveryMs = TIMELINE_LOOK_EVERY_MS, others = [] }: { lookEveryMs?: number; others?: readonly pg.Pool[] } = {},
): Promise<Timeline> {
  const handlers: (() => void)[] = [];
  const known = new Set<string>();
  const isKnown = looksUpEvents(pool);
  let current = '';
  let startedAt = 0;
  /** Rises when one begins, and when it has begun. */
  let rounds = 0;
  let beginning: Promise<unknown> = Promise.resolve();
  let seen: { event: string; at: number } | undefined;

  async function look(sql: Sql): Promise<void> {
    const round = rounds;
    const remembered = seen && performance.now() - seen.at < REMEMBERED_FOR_MS ? seen : undefined;
    const { rows } = await sql.query(LOOK, [remembered?.event ?? null]);
    // What was read before a new timeline began is out of date.
    if (round !== rounds) {
      await beginning;
      return look(sql);
    }
    const [{ id, started_at: at, newest_event: event, is_behind: isBehind }] = rows;
    if (event !== seen?.event) seen = event ? { event, at: performance.now() } : undefined;
    // One that this process has never heard of was begun by another that found out first.
    if (isBehind && known.has(id)) {
      await begin(sql);
      log.warn({ timeline: current }, 'the database was put back to an earlier state: a new timeline has begun');
      return;
    }
    const isNews = current !== '' && current !== id;
    current = id;
    startedAt = at.getTime();
    known.add(id);
    if (isNews) for (const handler of handlers) handler();
  }

  async function begin(sql: Sql): Promise<string> {
    rounds += 1;
    const begun = (async () => {
      const { rows } = await sql.query(BEGIN);
      current = rows[0].id;
      startedAt = rows[0].started_at.getTime();
      known.add(current);
    })();
    beginning = begun.catch(() => undefined);
    await begun;
    rounds += 1;
    for (const handler of handlers) handler();
    return current;
  }

  await look(pool);
  for (const each of new Set([pool, ...others])) lookAtEachConnection(each, look);

  // Postgres being away is on the process's own health.
  const tried = () => look(pool).catch((err) => log.debug({ err }, 'could not look for a new timeline'));
  const stop = keepDoing(tried, lookEveryMs);

  return {
    get current() {
      return current;
    },
    begin: () => begin(pool),
    async holds({ id, occurredAt }) {
      if (occurredAt.getTime() > startedAt + CLOCKS_DIFFER_MS) return true;
      return isKnown(id);
    },
    onBegun: (handler) => void handlers.push(handler),
    stop,
  };
}

/** Repeats `work`, with a pause after each time; never rejects, since `work` does not. Returns what ends it. */
function keepDoing(work: () => Promise<unknown>, everyMs: number): () => void {
  let timer: NodeJS.Timeout;
  let stopped = false;
  const wait = () => {
    if (!stopped) timer = setTimeout(() => void work().then(wait), everyMs).unref();
  };
  wait();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
