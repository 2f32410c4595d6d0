import { type EventBroker, giveUpEvents, isBehindStream, type Log, type StreamName } from '@kith/event-delivery';
import type pg from 'pg';
import type { Timeline } from './follow-timeline.ts';

export interface SettleOptions {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  readonly stream: StreamName;
  readonly timeline: Timeline;
  readonly log: Log;
}

/**
 * Before anything is published or announced: when the stream has events that the database does not know, the database
 * was put back while nobody was here, and a new timeline begins. From then on, whenever one begins, the events that were
 * given up are settled.
 */
export async function settleAfterARestore(options: SettleOptions): Promise<void> {
  const { pool, broker, stream, timeline, log } = options;
  timeline.onBegun(() => {
    giveUpEvents(pool, broker, stream).catch((error) => {
      log.warn({ error: String(error) }, 'events of the timeline before are not settled: the next start does so');
    });
  });
  try {
    if (!(await isBehindStream(pool, broker, stream))) return;
    const begun = await timeline.begin();
    log.warn({ timeline: begun }, 'the database is behind its stream, as after a restore: a new timeline has begun');
  } catch (error) {
    log.warn({ error: String(error) }, 'whether the database is behind its stream cannot be seen');
  }
}
