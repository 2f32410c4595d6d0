import type pg from 'pg';
import type { EventBroker } from '../../broker/broker.ts';
import { eventIdOf } from '../../broker/message-id.ts';

const PORTION = 2_000;

const STORED = 'CREATE TEMP TABLE stored (event_id text PRIMARY KEY, sequence bigint, subject text) ON COMMIT DROP';

const REMEMBER = `
  INSERT INTO stored SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[]) ON CONFLICT DO NOTHING`;

/**
 * Gathers what a stream holds in the temporary table `stored` of the client's transaction, so that memory here stays the
 * same however long it is. Resolves to the first message's sequence; undefined where there is none.
 */
export async function gatherStored(
  client: pg.ClientBase,
  messages: ReturnType<EventBroker['stored']>,
  onProgress?: (done: number) => unknown,
): Promise<number | undefined> {
  await client.query(STORED);
  let first: number | undefined;
  let done = 0;
  let found: { id: string; sequence: number; subject: string }[] = [];
  const remember = async () => {
    const [ids, sequences, subjects] = [
      found.map(({ id }) => id),
      found.map(({ sequence }) => sequence),
      found.map(({ subject }) => subject),
    ];
    done += found.length;
    found = [];
    await client.query(REMEMBER, [ids, sequences, subjects]);
    await onProgress?.(done);
  };
  for await (const { id, sequence, subject } of messages) {
    first ??= sequence;
    // A message without an id is of no event, and has to show as such.
    found.push({ id: id === undefined ? `#${sequence}` : eventIdOf(id), sequence, subject });
    if (found.length >= PORTION) await remember();
  }
  await remember();
  await client.query('ANALYZE stored');
  return first;
}
