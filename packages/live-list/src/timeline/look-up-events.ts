import DataLoader from 'dataloader';
import type pg from 'pg';

const KNOWN = { name: 'events-are-known', text: 'SELECT event_id FROM outbox WHERE event_id = ANY($1::uuid[])' };
const MOST_AT_ONCE = 1_000;

/**
 * Whether an event is in the outbox. Batching: what is asked while a query is on its way goes into the next, so that a
 * stream that is read anew costs a query for all events in hand and not for each.
 */
export function looksUpEvents(pool: pg.Pool): (eventId: string) => Promise<boolean> {
  let underWay: Promise<unknown> = Promise.resolve();
  const loader = new DataLoader<string, boolean>(
    async (eventIds) => {
      const found = pool.query<{ event_id: string }>({ ...KNOWN, values: [eventIds] });
      underWay = found.catch(() => undefined);
      const known = new Set((await found).rows.map((row) => row.event_id));
      return eventIds.map((eventId) => known.has(eventId));
    },
    { cache: false, maxBatchSize: MOST_AT_ONCE, batchScheduleFn: (next) => void underWay.then(next) },
  );
  return (eventId) => loader.load(eventId);
}
