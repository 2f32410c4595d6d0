import type { StreamName } from '@kith/event-contracts';
import type pg from 'pg';
import type { EventBroker } from './broker.ts';
import { inTransaction } from './in-transaction.ts';
import type { Log } from './log.ts';
import { eventIdOf } from './message-id.ts';
import { readPosition, writePosition } from './stream-position.ts';

const UNKNOWN =
  'SELECT seen.id FROM unnest($1::uuid[]) AS seen (id) WHERE NOT EXISTS (SELECT FROM outbox WHERE event_id = seen.id)';

/** Of an event; whatever else is in the stream was never this outbox's. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

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
      if (id !== undefined && sequence > after && UUID.test(eventIdOf(id))) ids.push(eventIdOf(id));
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

/**
 * For a service whose revisions need no timeline, before it publishes: gives up what its stream has and its database, put
 * back to an earlier state, does not know. Without a broker it does nothing, and never rejects.
 */
export async function giveUpWhenBehind(
  pool: pg.Pool,
  broker: EventBroker,
  stream: StreamName,
  log: Log,
): Promise<void> {
  try {
    if (!broker.connected || !(await isBehindStream(pool, broker, stream))) return;
    await giveUpEvents(pool, broker, stream);
    log.warn(
      { stream: stream.name },
      'the database is behind its stream, as after a restore: those events are given up',
    );
  } catch (error) {
    log.warn({ error: String(error) }, 'whether the database is behind its stream cannot be seen');
  }
}
