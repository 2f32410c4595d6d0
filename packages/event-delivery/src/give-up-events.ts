import type { StreamName } from '@kith/event-contracts';
import type pg from 'pg';
import type { EventBroker } from './broker.ts';
import { inTransaction } from './in-transaction.ts';
import { eventIdOf } from './message-id.ts';
import { readPosition, writePosition } from './stream-position.ts';

const UNKNOWN =
  'SELECT id FROM unnest($1::text[]) AS id WHERE NOT EXISTS (SELECT FROM outbox WHERE event_id::text = id)';

/**
 * Whether the stream holds events above all that this outbox has published, which the outbox does not know: then the
 * database was put back to an earlier state. To be asked before anything new is published.
 */
export async function isBehindStream(pool: pg.Pool, broker: EventBroker, stream: StreamName): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { givenUpThrough, highestPublished } = await readPosition(client, stream.name);
    const after = Math.max(givenUpThrough, highestPublished);
    const ids: string[] = [];
    for await (const { id, sequence } of broker.stored(stream, { after })) {
      if (id !== undefined && sequence > after) ids.push(eventIdOf(id));
      if (ids.length >= 1_000) break;
    }
    return (await client.query(UNKNOWN, [ids])).rows.length > 0;
  });
}

/**
 * Settles what the stream holds by now and the outbox does not know: events of a timeline that is given up. They stay
 * until they expire, and a comparison counts them apart.
 */
export async function giveUpEvents(pool: pg.Pool, broker: EventBroker, stream: StreamName): Promise<void> {
  const { streams } = await broker.status();
  const found = streams.find(({ name }) => name === stream.name);
  if (!found) return;
  await inTransaction(pool, async (client) => {
    const before = await readPosition(client, stream.name);
    const createdAt = before.createdAt ?? found.createdAt;
    await writePosition(client, stream.name, { ...before, createdAt, givenUpThrough: found.lastSequence });
  });
}
