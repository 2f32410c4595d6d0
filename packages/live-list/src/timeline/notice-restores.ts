import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EventBroker,
  holdsUnknownEvents,
  isBehindStream,
  isSameStream,
  type Log,
  settleLostTime,
} from '@kith/event-delivery';
import type { StreamName } from '@kith/event-delivery/envelope';
import type pg from 'pg';
import type { Timeline } from './follow-timeline.ts';

/** A start waits no longer for a broker, or a Redis, that is away. */
const ANSWER_WITHIN_MS = 1_000;
/** Of very many lists a start looks at as many as it can in so long; the others are looked at when they are read. */
const LOOK_AT_VIEWS_FOR_MS = 3_000;

export interface NoticeRestoresOptions {
  readonly pool: pg.Pool;
  readonly broker: Promise<EventBroker>;
  readonly stream: StreamName;
  readonly timeline: Timeline;
  /** The read model of the lists; without one nothing but the stream tells. */
  readonly views?: {
    /** The next owners of lists by id, as many as are looked at together; null begins with the first. */
    owners(after: string | null): Promise<readonly string[]>;
    /** Tells `viewIsAhead` of each that is. */
    revisions(ownerIds: readonly string[]): Promise<unknown>;
    onReady(handler: () => void): void;
    isConnected(): boolean;
  };
  readonly log: Log;
}

export interface RestoreNotices {
  /** Before anything is answered: asks the stream; where it was lost or cannot be asked, all views. Never rejects. */
  atStart(): Promise<void>;
  /** Before anything is published or announced. Never rejects. */
  askStream(broker: EventBroker): Promise<void>;
  /**
   * A view is ahead of Postgres: evidence of a restore when the stream holds events of its owner that the database does not know, or when
   * the stream cannot tell, since it was lost or is away. Otherwise that view alone is spoiled. Never rejects.
   */
  viewIsAhead(ownerId: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Watchdog for a database that is behind what was seen of it, by this process or before its time: the stream is asked
 * first, and the views when it cannot tell. When it is behind, a new timeline begins; and whenever one begins, events of
 * the time that was lost are given up.
 */
export function noticeRestores(options: NoticeRestoresOptions): RestoreNotices {
  const { pool, stream, timeline, log } = options;
  const lostTime = settleLostTime({ pool, broker: options.broker, stream, log });
  timeline.onBegun(lostTime.giveUp);
  let connected: EventBroker | undefined;
  options.broker.then(
    (broker) => {
      connected = broker;
    },
    () => undefined,
  );
  let streamWasLost = false;
  let judging: Promise<void> | undefined;

  async function begin(behind: string): Promise<void> {
    const begun = await timeline.begin();
    log.warn({ timeline: begun }, `the database is behind ${behind}, as after a restore: a new timeline has begun`);
  }

  /** Whether it is the stream that the database last saw. A stream that has been another once cannot tell again. */
  async function streamCanTell(): Promise<boolean> {
    if (!connected?.connected) return false;
    streamWasLost ||= !(await isSameStream(pool, connected, stream));
    return !streamWasLost;
  }

  async function askStream(broker: EventBroker): Promise<boolean> {
    try {
      // What was given up a moment ago is no longer evidence.
      await lostTime.settled();
      if (!(await isBehindStream(pool, broker, stream))) return false;
      await begin('its stream');
      return true;
    } catch (error) {
      log.warn({ error: String(error) }, 'whether the database is behind its stream cannot be seen');
      return false;
    }
  }

  async function judge(ownerId: string): Promise<void> {
    try {
      await inTime(lostTime.settled());
      const canTell = await streamCanTell().catch(() => false);
      if (canTell && connected && !(await holdsUnknownEvents(pool, connected, stream, ownerId))) return;
      await begin(canTell ? 'its stream' : 'its views');
    } catch (error) {
      log.warn({ ownerId, error: String(error) }, 'whether the database is behind a view cannot be seen');
    }
  }

  return {
    async atStart() {
      try {
        const broker = await inTime(options.broker);
        if (broker?.connected && (await askStream(broker))) return;
        if (!(await streamCanTell().catch(() => false))) await lookAtViews(options);
      } catch (error) {
        log.warn({ error: String(error) }, 'whether the database is behind what was seen of it cannot be seen');
      }
    },
    askStream: async (broker) => void (await askStream(broker)),
    async viewIsAhead(ownerId) {
      const { current } = timeline;
      while (judging) await judging;
      // It was of a timeline that is over by now.
      if (timeline.current !== current) return;
      judging = judge(ownerId).finally(() => {
        judging = undefined;
      });
      await judging;
    },
    stop: () => lostTime.stop(),
  };
}

/** As many as it can in its time. */
async function lookAtViews({ timeline, views }: NoticeRestoresOptions): Promise<void> {
  if (!views) return;
  if (!views.isConnected()) await inTime(new Promise<void>((resolve) => views.onReady(resolve)));
  const { current } = timeline;
  const deadline = performance.now() + LOOK_AT_VIEWS_FOR_MS;
  for (let after: string | null = null; views.isConnected() && performance.now() < deadline; ) {
    const owners: readonly string[] = await views.owners(after);
    if (owners.length > 0) await views.revisions(owners);
    after = owners.at(-1) ?? null;
    if (after === null || timeline.current !== current) return;
  }
}

function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  return Promise.race([answer, sleep(ANSWER_WITHIN_MS, undefined, { ref: false })]);
}
