import { readFile } from 'node:fs/promises';
import { friendChanged } from '@kith/event-contracts';
import { appendToOutbox, draftEvent, type EventBroker, startRelay } from '@kith/event-delivery';
import { quietLog } from '../system/quiet-log.ts';
import { exampleData } from './example-event.ts';
import type { Outbox } from './outbox.ts';

const EVENT_TABLES = new URL('./event-tables.sql', import.meta.resolve('@kith/event-delivery'));

const FILL = `
  INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at)
  SELECT gen_random_uuid(), 'owner-' || n % 1000, n, $2, 'friend.changed.owner-' || n % 1000, $3, now()
  FROM generate_series(1, $1::int) AS n`;

/** The outbox and the relay of event-delivery, as the services run them. */
export const kithOutbox: Outbox = {
  name: 'Kith',
  async prepare({ pool }) {
    await pool.query(await readFile(EVENT_TABLES, 'utf8'));
  },
  append: (client, { eventId, ownerId, revision }) =>
    appendToOutbox(client, [
      draftEvent(friendChanged, { eventId, ownerId, revision, occurredAt: new Date(), data: exampleData }),
    ]),
  fill: (client, count) => client.query(FILL, [count, friendChanged.type, JSON.stringify(exampleData)]),
  async start({ pool, broker, onPublished }) {
    const watched: Pick<EventBroker, 'publish'> = {
      async publish(messages) {
        const results = await broker.publish(messages);
        onPublished(messages.flatMap(({ id }, at) => (results[at] && !('error' in results[at]) ? [id] : [])));
        return results;
      },
    };
    return startRelay({ pool, broker: Object.assign(Object.create(broker), watched), source: 'bench', log: quietLog });
  },
};
