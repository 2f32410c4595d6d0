import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { EventBroker, Stoppable } from '../../broker/broker.ts';
import { eventIdOf } from '../../broker/message-id.ts';
import type { StreamName } from '../../envelope/stream-name.ts';
import type { Log } from '../../observe/log.ts';
import { inTransaction } from '../../postgres/in-transaction.ts';
import { POSITION_LOCK } from '../relay-lock.ts';
import { readPosition, writePosition } from './stream-position.ts';

const UNKNOWN = `
  SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
  WHERE NOT EXISTS (SELECT FROM outbox WHERE outbox.event_id = asked.id)
    AND NOT EXISTS (SELECT FROM event_archive.outbox AS archived WHERE archived.event_id = asked.id) LIMIT 1`;
const EVENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PORTION = 1_000;

/**
 * Whether the stream holds events above all that this outbox has published, which the outbox does not know: then the
 * database was put back to an earlier state. To be asked before anything new is published.
 */
export async function isBehindStream(pool: pg.Pool, broker: EventBroker, stream: StreamName): Promise<boolean> {
  const { givenUpThrough, highestPublished } = await inTransaction(pool, (sql) => readPosition(sql, stream.name));
  const after = Math.max(givenUpThrough, highestPublished);
  return holdsUnknown(pool, broker.stored(stream, { after }));
}

/** Whether it is the stream that was last seen beside this database, and not another of its name, or none. */
export async function isSameStream(pool: pg.Pool, broker: EventBroker, stream: StreamName): Promise<boolean> {
  const { streams } = await broker.status();
  const found = streams.find(({ name }) => name === stream.name);
  const { createdAt } = await inTransaction(pool, (client) => readPosition(client, stream.name));
  return found !== undefined && found.createdAt === createdAt;
}

/** Whether the stream holds events of this owner that the outbox does not know and that were not given up. */
export async function holdsUnknownEvents(
  pool: pg.Pool,
  broker: EventBroker,
  stream: StreamName,
  ownerId: string,
): Promise<boolean> {
  const { givenUpThrough } = await inTransaction(pool, (client) => readPosition(client, stream.name));
  for (const pattern of stream.subjects) {
    const subject = pattern.replace(/>$/, `*.${ownerId}`);
    if (await holdsUnknown(pool, broker.stored(stream, { subject, after: givenUpThrough }))) return true;
  }
  return false;
}

/** A message whose id is of no event of ours tells nothing. */
async function holdsUnknown(pool: pg.Pool, messages: ReturnType<EventBroker['stored']>): Promise<boolean> {
  let ids: string[] = [];
  const areUnknown = async () => (await pool.query(UNKNOWN, [ids])).rows.length > 0;
  for await (const message of messages) {
    const id = message.id === undefined ? undefined : eventIdOf(message.id);
    if (id !== undefined && EVENT_ID.test(id)) ids.push(id);
    if (ids.length < PORTION) continue;
    if (await areUnknown()) return true;
    ids = [];
  }
  return areUnknown();
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
    // A look at the stream that goes on meanwhile would write down what it has read before.
    await client.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [POSITION_LOCK, stream.name]);
    const before = await readPosition(client, stream.name);
    const createdAt = before.createdAt ?? found.createdAt;
    await writePosition(client, stream.name, { ...before, createdAt, givenUpThrough: found.lastSequence });
  });
}

/** Whether giving up is still to be done. */
export interface LostTime extends Stoppable {
  /** What the stream holds by now and the outbox does not know is to be given up: now, or when the broker answers. */
  giveUp(): void;
  /** Resolves when nothing is left to be given up: while the broker is away, not before it is back. */
  settled(): Promise<void>;
}

const AGAIN_AFTER_MS = 1_000;

/** Gives events up whenever asked to, and tries again until it is done: the broker may be away just then. */
export function settleLostTime(options: {
  pool: pg.Pool;
  broker: EventBroker | Promise<EventBroker>;
  stream: StreamName;
  log: Log;
}): LostTime {
  const { pool, stream, log } = options;
  let owed = 0;
  let working: Promise<void> | undefined;
  const stopping = new AbortController();

  async function work(): Promise<void> {
    while (owed > 0 && !stopping.signal.aborted) {
      const settling = owed;
      try {
        await giveUpEvents(pool, await options.broker, stream);
        owed -= settling;
      } catch (error) {
        log.warn({ stream: stream.name, error: String(error) }, 'events of the lost time are not settled yet');
        await sleep(AGAIN_AFTER_MS, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
      }
    }
    working = undefined;
  }

  return {
    giveUp() {
      owed += 1;
      working ??= work();
    },
    async settled() {
      await working;
    },
    async stop() {
      stopping.abort();
      // A broker that never came is not waited for.
      if (working) await Promise.race([working, sleep(AGAIN_AFTER_MS, undefined, { ref: false })]);
    },
  };
}

/**
 * For a service whose revisions need no timeline, before it publishes: gives up what its stream has and its database, put
 * back to an earlier state, does not know; then `onPutBack`. Resolves to false when the broker cannot be asked now: ask again before anything is
 * published. Never rejects.
 */
export async function giveUpWhenBehind(options: {
  pool: pg.Pool;
  broker: EventBroker;
  stream: StreamName;
  log: Log;
  onPutBack?: () => Promise<void>;
}): Promise<boolean> {
  const { pool, broker, stream, log, onPutBack } = options;
  try {
    if (!broker.connected) return false;
    if (!(await isBehindStream(pool, broker, stream))) return true;
    await onPutBack?.();
    await giveUpEvents(pool, broker, stream);
    log.warn(
      { stream: stream.name },
      'the database is behind its stream, as after a restore: those events are given up',
    );
    return true;
  } catch (error) {
    log.warn({ error: String(error) }, 'whether the database is behind its stream cannot be seen');
    return false;
  }
}
