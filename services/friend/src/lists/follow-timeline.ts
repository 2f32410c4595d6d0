import type { Log } from '@kith/event-delivery';
import type pg from 'pg';

/** How long a process may go on with a timeline that is over. */
export const TIMELINE_LOOK_EVERY_MS = 1_000;

const NEWEST = 'SELECT id FROM timeline ORDER BY started_at DESC LIMIT 1';
// Later than any other, whatever the clocks of the servers before and after the restore say.
const BEGIN = `
  INSERT INTO timeline (started_at)
  SELECT greatest(clock_timestamp(), max(started_at) + interval '1 millisecond') FROM timeline RETURNING id`;

/**
 * The timeline that revisions count in. A database restored from a backup counts the same numbers again for other
 * changes: a new timeline tells cursors from before the restore from those that came after.
 */
export interface Timeline {
  readonly current: string;
  /** Begins a new one; other processes know within TIMELINE_LOOK_EVERY_MS. */
  begin(): Promise<string>;
  stop(): void;
}

export async function followTimeline(
  pool: pg.Pool,
  log: Log,
  { lookEveryMs = TIMELINE_LOOK_EVERY_MS } = {},
): Promise<Timeline> {
  const read = async () => (await pool.query<{ id: string }>({ name: 'newest-timeline', text: NEWEST })).rows[0]!.id;
  let current = await read();

  const look = async () => {
    try {
      current = await read();
    } catch (err) {
      // Postgres being away is on the process's own health.
      log.debug({ err }, 'could not look for a new timeline');
    }
  };
  let timer: NodeJS.Timeout;
  let stopped = false;
  const lookAgain = () => {
    if (!stopped) timer = setTimeout(() => void look().then(lookAgain), lookEveryMs).unref();
  };
  lookAgain();

  return {
    get current() {
      return current;
    },
    async begin() {
      const { rows } = await pool.query<{ id: string }>(BEGIN);
      current = rows[0]!.id;
      return current;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
