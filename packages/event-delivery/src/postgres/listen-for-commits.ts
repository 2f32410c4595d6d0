import pg from 'pg';
import type { Log } from '../observe/log.ts';
import { hasItsOwnSession } from './session-of-its-own.ts';

const OPEN_AGAIN_AFTER_MS = 500;

/**
 * A connection of its own that LISTENs to a channel (notification, LISTEN/NOTIFY), opened again whenever it is lost.
 * Through a pooler it listens to nothing, and `listening` stays false.
 */
export function listenForCommits(pool: pg.Pool, channel: string, wake: () => void, log: Log) {
  let client: pg.Client | undefined;
  let up = false;
  let stopping = false;
  let again: NodeJS.Timeout | undefined;

  async function open(): Promise<void> {
    // The pool hides its password from copies of its options.
    const { password } = pool.options;
    const options = password === undefined ? pool.options : { ...pool.options, password };
    // The pool's own kind of client: one of several servers is looked for in the same way. Its type knows no options.
    const Client = (pool.options.Client ?? pg.Client) as typeof pg.Client;
    const opened = new Client({ ...options, application_name: 'outbox-relay-listen' });
    client = opened;
    const lost = () => {
      if (client !== opened) return;
      client = undefined;
      up = false;
      void opened.end().catch(() => undefined);
      if (!stopping) again = setTimeout(() => void open(), OPEN_AGAIN_AFTER_MS);
    };
    opened.on('error', lost);
    opened.on('end', lost);
    opened.on('notification', wake);
    try {
      await opened.connect();
      if (!(await hasItsOwnSession(opened))) return giveUp(opened);
      await opened.query(`LISTEN ${channel}`);
      up = true;
      // What was committed while nobody listened.
      wake();
    } catch (error) {
      log.debug({ error: String(error) }, 'cannot listen for commits yet; the sweep goes on');
      lost();
    }
  }

  /** A pooler would LISTEN in a session that hears for others: never asked again, because it never answers here. */
  function giveUp(opened: pg.Client): void {
    log.debug(
      {},
      'a pooler is between us and Postgres: commits wake this process by themselves, and others by the sweep',
    );
    client = undefined;
    void opened.end().catch(() => undefined);
    // What was committed until now.
    wake();
  }

  void open();
  return {
    listening: () => up,
    async stop() {
      stopping = true;
      clearTimeout(again);
      const last = client;
      client = undefined;
      await last?.end().catch(() => undefined);
    },
  };
}
