import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventBroker } from '../broker/broker.ts';
import { handleOnce } from '../consumer/handle-once.ts';
import { defineConsumer } from '../consumer/try/consumer-definition.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../contract-tests/shop-events.ts';
import { startInProcessBroker } from '../in-process/in-process-broker.ts';
import { appendToOutbox } from '../outbox/append-to-outbox.ts';
import { draftEvent } from '../outbox/draft-event.ts';
import { deliverEvents } from '../start/deliver-events.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { reconcileEvents } from './reconcile.ts';
import { reportDifferences } from './report-differences.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
let broker: EventBroker;
let delivery: Awaited<ReturnType<typeof deliverEvents>>;
let server: Server;
let poisonous: number[];

beforeEach(async () => {
  database = await createEventDatabase();
  const { pool } = database;
  const log = collectLog();
  poisonous = [];
  broker = await startInProcessBroker({ pool: database.sessions, log });
  const once = handleOnce<{ id: string; revision: number }>(pool, 'counts', async ({ revision }) => {
    if (poisonous.includes(revision)) throw new RangeError('poison');
  });
  const consumer = defineConsumer({
    stream: SHOP_STREAM,
    durable: 'counts',
    contracts: [counted],
    maxAttempts: 1,
    handle: once,
  });
  delivery = await deliverEvents({
    pool,
    broker,
    source: 'shop/test',
    stream: SHOP_STREAM,
    consumers: [consumer],
    log,
  });
  const answer = reconcileEvents({
    pool,
    broker: () => broker,
    stream: SHOP_STREAM,
    inboxes: [consumer],
    also: async () => ({ things: 7 }),
  });
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.close();
  await delivery.stop();
  await broker.close();
  await database.drop();
});

async function append(...revisions: number[]): Promise<void> {
  const events = revisions.map((revision) => {
    const about = { eventId: randomUUID(), ownerId: 'p', revision, occurredAt: new Date(), data: { n: revision } };
    return draftEvent(counted, about);
  });
  await appendToOutbox(database.pool, events);
}
const allIsHandled = (through: number) =>
  eventually('all is handled', async () => {
    const { consumers } = await broker.status();
    return consumers.some(({ ackedThrough }) => ackedThrough === through);
  });

async function report() {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const lines = (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { differences: lines.flatMap((line) => line.difference ?? []), result: lines.at(-1).result };
}

test('what is everywhere is no difference, nor is what is dead', async () => {
  poisonous = [2];
  await append(1, 2, 3);
  await allIsHandled(3);
  expect(await report()).toEqual({
    differences: [],
    result: { checked: { stream: 3, inbox: 3, things: 7 }, differences: 0 },
  });
});

test('an event that is acknowledged and not in the inbox is named, with whose stream it is in', async () => {
  await append(1, 2, 3);
  await allIsHandled(3);
  const { rows } = await database.pool.query(
    'DELETE FROM inbox WHERE event_id = (SELECT event_id FROM outbox WHERE revision = 2) RETURNING event_id',
  );
  const { differences } = await report();
  expect(differences).toEqual([
    {
      check: 'inbox',
      owner: 'p',
      revision: 2,
      eventId: rows[0].event_id,
      stream: 'SHOP',
      detail: expect.stringMatching(
        new RegExp(`^${rows[0].event_id}, SHOP number 2, .* counts, but not in its inbox$`),
      ),
    },
  ]);
});

test('an event that is not handled yet is no difference', async () => {
  await append(1);
  await allIsHandled(1);
  await delivery.stop();
  const payload = { subject: counted.subject('p'), id: randomUUID(), payload: JSON.stringify({ type: counted.type }) };
  await broker.publish([payload]);
  expect((await report()).differences.filter(({ check }) => check === 'inbox')).toEqual([]);
});

test('a comparison ends when nobody reads its report any more, and one that is begun anew is whole', async () => {
  let [told, ended] = [0, false];
  const answer = reportDifferences(
    () => broker,
    async (_broker, { onProgress }) => {
      try {
        for (;;) {
          await onProgress('things', told, told);
          told += 1;
          await new Promise(setImmediate);
        }
      } finally {
        ended = true;
      }
    },
  );
  const endless = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
  try {
    const leaving = new AbortController();
    const { port } = endless.address() as AddressInfo;
    await fetch(`http://127.0.0.1:${port}/`, { signal: leaving.signal });
    await eventually('it is under way', () => told > 10);
    expect(ended).toBe(false);
    leaving.abort();
    await eventually('it has ended', () => ended);
  } finally {
    endless.close();
  }
  await append(1);
  await allIsHandled(1);
  expect((await report()).result).toMatchObject({ checked: { stream: 1 }, differences: 0 });
});
