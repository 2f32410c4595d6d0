import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EventBroker } from '../broker/broker.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../contract-tests/shop-events.ts';
import { startInProcessBroker } from '../in-process/in-process-broker.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { appendToOutbox } from './append-to-outbox.ts';
import { readEvents } from './archive/read-events.ts';
import { draftEvent } from './draft-event.ts';
import { type Relay, startRelay } from './relay/relay.ts';
import { republish } from './republish.ts';
import { dropSetAside, listSetAside, sendSetAside, showSetAside } from './settle-set-aside.ts';
import { compareOutboxWithStream } from './stream/compare-outbox-with-stream.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
let broker: EventBroker;
let relay: Relay;
beforeAll(async () => {
  database = await createEventDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  broker = await startInProcessBroker({ pool: database.sessions, log: collectLog() });
  await broker.declareStream(SHOP_STREAM);
  relay = startRelay({ pool: database.pool, broker, source: 'shop/test', log: collectLog() });
});
afterEach(async () => {
  await relay.stop();
  await broker.close();
  await database.pool.query('TRUNCATE outbox, event_archive.outbox; DROP SCHEMA event_bus CASCADE');
});

const event = (ownerId: string, revision: number, changes: object = {}) => ({
  ...draftEvent(counted, {
    eventId: randomUUID(),
    ownerId,
    revision,
    occurredAt: new Date(Date.UTC(2026, 0, 1)),
    data: { n: revision },
  }),
  ...changes,
});
const unroutable = (ownerId: string, revision: number, changes: object = {}) =>
  event(ownerId, revision, { subject: `nowhere.${ownerId}`, ...changes });

async function setAside(count: number): Promise<void> {
  await eventually('they are set aside', async () => (await listSetAside(database.pool)).length === count);
}
async function stored(): Promise<string[]> {
  const all: string[] = [];
  for await (const { payload } of broker.stored(SHOP_STREAM)) {
    const { subject, revision } = JSON.parse(Buffer.from(payload).toString());
    all.push(`${subject}:${revision}`);
  }
  return all;
}

test('one that is dropped is never published; what waits behind it is, and the archive keeps it', async () => {
  await appendToOutbox(database.pool, [unroutable('lost', 1), event('lost', 2)]);
  await setAside(1);
  const [first] = await listSetAside(database.pool);
  expect(await showSetAside(database.pool, first!.outboxId)).toMatchObject({ ownerId: 'lost', data: { n: 1 } });
  expect(await dropSetAside(database.pool, { outboxIds: [first!.outboxId] })).toEqual([first!.outboxId]);
  await eventually('what waited is published', async () => (await stored()).includes('lost:2'));
  const states: string[] = [];
  for await (const { revision, state } of readEvents(database.pool, { ownerId: 'lost' })) {
    states.push(`${revision} ${state}`);
  }
  expect(states).toEqual(['1 dropped', '2 published']);
  expect(await republish(database.pool, { owners: ['lost'] })).toBe(1);
  const differences: object[] = [];
  await compareOutboxWithStream({
    pool: database.pool,
    broker,
    stream: SHOP_STREAM,
    onDifference: (difference) => differences.push(difference),
  });
  expect(differences).toEqual([]);
});

test('one that is not set aside is neither shown, sent nor dropped', async () => {
  await appendToOutbox(database.pool, [unroutable('lost', 1), event('lost', 2)]);
  await setAside(1);
  const { rows } = await database.pool.query("SELECT id::int FROM outbox WHERE subject NOT LIKE 'nowhere%'");
  const outboxIds = [rows[0].id, 999_999];
  expect(await showSetAside(database.pool, rows[0].id)).toBeUndefined();
  expect(await sendSetAside(database.pool, { outboxIds })).toBe(0);
  expect(await dropSetAside(database.pool, { outboxIds })).toEqual([]);
  expect(await dropSetAside(database.pool, { owners: ['nobody'] })).toEqual([]);
  expect(await listSetAside(database.pool)).toHaveLength(1);
});

test('of several, those that are named are sent and dropped, by place or by owner', async () => {
  await appendToOutbox(database.pool, [unroutable('a', 1), unroutable('b', 1), unroutable('c', 1)]);
  await setAside(3);
  const [a, b] = await listSetAside(database.pool);
  await dropSetAside(database.pool, { outboxIds: [a!.outboxId] });
  await dropSetAside(database.pool, { owners: ['c'] });
  expect((await listSetAside(database.pool)).map(({ ownerId }) => ownerId)).toEqual(['b']);
  await broker.declareStream({ name: 'NOWHERE', subjects: ['nowhere.>'] });
  expect(await sendSetAside(database.pool, { outboxIds: [b!.outboxId] })).toBe(1);
  await eventually('it is published', async () => (await listSetAside(database.pool)).length === 0);
});

test('an order that is set aside does not hold up the customer with the same id', async () => {
  await appendToOutbox(database.pool, [
    unroutable('1', 1, { ownerKind: 'order' }),
    event('1', 1, { ownerKind: 'customer' }),
    event('1', 2, { ownerKind: 'order' }),
  ]);
  await setAside(1);
  await appendToOutbox(database.pool, [event('1', 2, { ownerKind: 'customer' })]);
  await eventually('the customer is published', async () => (await stored()).length === 2);
  expect(await stored()).toEqual(['1:1', '1:2']);
  expect((await listSetAside(database.pool))[0]).toMatchObject({ ownerKind: 'order', waitingBehind: 1 });
});
