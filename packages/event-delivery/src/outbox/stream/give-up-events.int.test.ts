import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventBroker } from '../../broker/broker.ts';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../../contract-tests/shop-events.ts';
import { startInProcessBroker } from '../../in-process/in-process-broker.ts';
import { inTransaction } from '../../postgres/in-transaction.ts';
import { createEventDatabase } from '../../testing/create-event-database.ts';
import { appendToOutbox } from '../append-to-outbox.ts';
import { draftEvent } from '../draft-event.ts';
import { startRelay } from '../relay/relay.ts';
import { POSITION_LOCK } from '../relay-lock.ts';
import { compareOutboxWithStream } from './compare-outbox-with-stream.ts';
import {
  giveUpEvents,
  giveUpWhenBehind,
  holdsUnknownEvents,
  isBehindStream,
  isSameStream,
  settleLostTime,
} from './give-up-events.ts';
import { lookAtStream } from './watch-stream.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
let broker: EventBroker & { close(): Promise<void> };
const log = collectLog();

beforeEach(async () => {
  database = await createEventDatabase();
  broker = await startInProcessBroker({ pool: database.sessions, log });
  await broker.declareStream(SHOP_STREAM);
});
afterEach(async () => {
  await broker.close();
  await database.drop();
});

let revision = 0;
async function publish(ownerId: string, events: number): Promise<void> {
  for (let n = 0; n < events; n += 1) {
    revision += 1;
    const event = { eventId: randomUUID(), ownerId, revision, occurredAt: new Date(), data: { n } };
    await appendToOutbox(database.pool, [draftEvent(counted, event)]);
  }
  const relay = startRelay({ pool: database.pool, broker, source: 'shop/test', log });
  await eventually('all is published', async () => {
    const { rows } = await database.pool.query('SELECT FROM outbox WHERE published_at IS NULL');
    return rows.length === 0;
  });
  await relay.stop();
}

/** The outbox as it was before its newest rows. */
const putBack = (events: number) =>
  database.pool.query('DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id DESC LIMIT $1)', [events]);

const isBehind = () => isBehindStream(database.pool, broker, SHOP_STREAM);

async function compare(): Promise<{ differences: number; givenUp: number }> {
  const found = { differences: 0, givenUp: 0 };
  await compareOutboxWithStream({
    pool: database.pool,
    broker,
    stream: SHOP_STREAM,
    onDifference: () => {
      found.differences += 1;
    },
    onGivenUp: (events) => {
      found.givenUp = events;
    },
  });
  return found;
}

/** As while the broker is away, until it is told to be there. */
function awayAtFirst(): { away: EventBroker; comesBack(): void } {
  let isAway = true;
  const away: EventBroker = {
    ...broker,
    get connected() {
      return !isAway;
    },
    async status() {
      if (isAway) throw new Error('away');
      return broker.status();
    },
  };
  return {
    away,
    comesBack: () => {
      isAway = false;
    },
  };
}

test('a database that was put back is behind its stream, until what it does not know was given up', async () => {
  await publish('p1', 3);
  expect(await isBehind()).toBe(false);
  await putBack(2);
  expect(await isBehind()).toBe(true);
  expect(await compare()).toEqual({ differences: 2, givenUp: 0 });
  await giveUpEvents(database.pool, broker, SHOP_STREAM);
  expect(await isBehind()).toBe(false);
  expect(await compare()).toEqual({ differences: 0, givenUp: 2 });
  await publish('p1', 2);
  expect([await isBehind(), await compare()]).toEqual([false, { differences: 0, givenUp: 2 }]);
});

test('an unknown event counts however many known ones stand before it', async () => {
  await publish('p1', 1);
  await database.pool.query(
    `INSERT INTO event_bus.message (stream, sequence, subject, message_id, headers, payload)
     SELECT $1, 1 + n, $2, gen_random_uuid()::text, '{}', '' FROM generate_series(1, 1500) AS n`,
    [SHOP_STREAM.name, counted.subject('p2')],
  );
  await database.pool.query('UPDATE event_bus.stream SET last_sequence = 1501 WHERE name = $1', [SHOP_STREAM.name]);
  await database.pool.query(
    `INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at, published_at)
     SELECT message_id::uuid, 'p2', sequence, 'counted', subject, '{}', now(), now() FROM event_bus.message
     WHERE sequence BETWEEN 2 AND 1500`,
  );
  expect(await isBehind()).toBe(true);
  await database.pool.query('DELETE FROM event_bus.message WHERE sequence = 1501');
  expect(await isBehind()).toBe(false);
});

test('a message that is of no event tells nothing', async () => {
  await publish('p1', 1);
  await broker.publish([{ subject: counted.subject('p1'), id: 'no event', payload: '{}' }]);
  expect(await isBehind()).toBe(false);
});

test('of one owner alone unknown events are found, those before others’ newer ones too', async () => {
  await publish('p1', 2);
  await database.pool.query("DELETE FROM outbox WHERE owner_id = 'p1'");
  await publish('p2', 1);
  expect(await isBehind()).toBe(false);
  expect(await holdsUnknownEvents(database.pool, broker, SHOP_STREAM, 'p1')).toBe(true);
  expect(await holdsUnknownEvents(database.pool, broker, SHOP_STREAM, 'p2')).toBe(false);
  await giveUpEvents(database.pool, broker, SHOP_STREAM);
  expect(await holdsUnknownEvents(database.pool, broker, SHOP_STREAM, 'p1')).toBe(false);
});

test('a stream is the same until it is another one of its name, or none', async () => {
  await publish('p1', 1);
  expect(await isSameStream(database.pool, broker, SHOP_STREAM)).toBe(false);
  await giveUpEvents(database.pool, broker, SHOP_STREAM);
  expect(await isSameStream(database.pool, broker, SHOP_STREAM)).toBe(true);
  await database.pool.query("UPDATE stream_position SET created_at = 'before'");
  expect(await isSameStream(database.pool, broker, SHOP_STREAM)).toBe(false);
});

test('what is given up stays so when the stream turns out to be another one than the database has seen', async () => {
  await publish('p1', 3);
  await giveUpEvents(database.pool, broker, SHOP_STREAM);
  await database.pool.query("UPDATE stream_position SET created_at = 'before', given_up_through = 0");
  await putBack(1);
  await giveUpEvents(database.pool, broker, SHOP_STREAM);
  await lookAtStream({ pool: database.pool, broker, source: 'shop/test', stream: SHOP_STREAM, log });
  expect(await isSameStream(database.pool, broker, SHOP_STREAM)).toBe(true);
  expect(await compare()).toEqual({ differences: 0, givenUp: 1 });
});

/** Whether somebody waits in this database for a lock that another holds. */
async function somebodyWaits(): Promise<boolean> {
  const { rows } = await database.pool.query(
    "SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted",
  );
  return rows.length > 0;
}

test('a look at the stream that goes on meanwhile does not undo it', async () => {
  await publish('p1', 2);
  await giveUpEvents(database.pool, broker, SHOP_STREAM);
  await database.pool.query("UPDATE stream_position SET created_at = 'before', given_up_through = 0");
  await putBack(1);
  let givingUp: Promise<void> | undefined;
  let waited = false;
  const whileItLooks: EventBroker = {
    ...broker,
    // Asked after it has read what was written down.
    async *stored(...what) {
      let isDone = false;
      givingUp ??= giveUpEvents(database.pool, broker, SHOP_STREAM).finally(() => {
        isDone = true;
      });
      // Without a lock it is done before the look is, and undone by it.
      waited ||= await eventually('it waits for the look, or is done', async () =>
        isDone ? 'done' : (await somebodyWaits()) && 'waits',
      ).then((which) => which === 'waits');
      yield* broker.stored(...what);
    },
  };
  await lookAtStream({ pool: database.pool, broker: whileItLooks, source: 'shop/test', stream: SHOP_STREAM, log });
  await givingUp;
  expect(await compare()).toEqual({ differences: 0, givenUp: 1 });
  expect(waited).toBe(true);
});

test('a look that would begin while events are given up leaves it for the next time', async () => {
  await publish('p1', 2);
  await giveUpEvents(database.pool, broker, SHOP_STREAM);
  const look = () =>
    lookAtStream({ pool: database.pool, broker, source: 'shop/test', stream: SHOP_STREAM, log }).then(async () => {
      const { rows } = await database.pool.query('SELECT created_at FROM stream_position');
      return rows[0].created_at;
    });
  await database.pool.query("UPDATE stream_position SET created_at = 'before'");
  const meanwhile = await inTransaction(database.pool, async (givingUp) => {
    await givingUp.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [POSITION_LOCK, SHOP_STREAM.name]);
    return look();
  });
  expect(meanwhile).toBe('before');
  expect(await look()).not.toBe('before');
});

test('while the broker is away what is to be given up waits, and is given up when it is back', async () => {
  await publish('p1', 2);
  await putBack(1);
  const { away, comesBack } = awayAtFirst();
  const lostTime = settleLostTime({ pool: database.pool, broker: away, stream: SHOP_STREAM, log });
  lostTime.giveUp();
  await eventually('it has tried', () => log.lines.some((line) => line.includes('not settled yet')));
  expect(await compare()).toEqual({ differences: 1, givenUp: 0 });
  comesBack();
  await lostTime.settled();
  expect(await compare()).toEqual({ differences: 0, givenUp: 1 });
  await lostTime.stop();
});

test('a service that asks before it publishes is told to wait while the broker is away, and gives up once', async () => {
  await publish('p1', 2);
  await putBack(1);
  const { away, comesBack } = awayAtFirst();
  let putBacks = 0;
  const onPutBack = async () => {
    putBacks += 1;
  };
  const ask = () => giveUpWhenBehind({ pool: database.pool, broker: away, stream: SHOP_STREAM, log, onPutBack });
  expect([await ask(), putBacks]).toEqual([false, 0]);
  comesBack();
  expect([await ask(), putBacks]).toEqual([true, 1]);
  expect([await ask(), putBacks]).toEqual([true, 1]);
  expect(await compare()).toEqual({ differences: 0, givenUp: 1 });
});
