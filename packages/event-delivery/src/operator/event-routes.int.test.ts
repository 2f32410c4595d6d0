// Longer than other files: all routes over one broker and one database that take long to start.

import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { type ChildServer, eventually, startNats } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventBroker, Stoppable } from '../broker/broker.ts';
import { consume } from '../consumer/consume.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../contract-tests/shop-events.ts';
import { connectJetStream } from '../jetstream/jetstream-broker.ts';
import { appendToOutbox } from '../outbox/append-to-outbox.ts';
import { draftEvent } from '../outbox/draft-event.ts';
import { startRelay } from '../outbox/relay/relay.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import type { OperatorHandler } from './answer-operator.ts';
import { eventRoutes } from './event-routes.ts';
import { reportDifferences } from './report-differences.ts';

let nats: ChildServer;
let database: Awaited<ReturnType<typeof createEventDatabase>>;
let broker: EventBroker;
let consumer: Stoppable;
let relay: Stoppable;
let server: Server;
let url: string;
const streams: { keepForMs: number } = { keepForMs: 86_400_000 };
let fixed = false;
const handled: string[] = [];

beforeAll(async () => {
  [nats, database] = await Promise.all([startNats(), createEventDatabase()]);
  const log = collectLog();
  broker = await connectJetStream({ servers: nats.url, name: 'test', log, streams });
  await broker.declareStream(SHOP_STREAM);
  relay = startRelay({ pool: database.pool, broker, source: 'shop/test', log });
  consumer = await consume(
    {
      stream: SHOP_STREAM,
      durable: 'counter',
      contracts: [counted],
      maxAttempts: 1,
      whenPoisoned: 'hold',
      async handle(event) {
        if (event.ownerId === 'bad' && event.revision === 1 && !fixed) throw new RangeError('broken');
        handled.push(`${event.ownerId}:${event.revision}`);
      },
    },
    { broker, log },
  );
  const routes = {
    ...eventRoutes({ pool: database.pool, broker: () => broker, source: 'shop/test', streams: [SHOP_STREAM] }),
    'GET /operator/events/reconcile': reportDifferences(
      () => broker,
      async () => ({}),
    ),
  } as Record<string, OperatorHandler>;
  server = createServer((request, response) => {
    const path = `${request.method} ${request.url?.split('?')[0]}`;
    routes[path]?.(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/operator/events`;
});
afterAll(async () => {
  await consumer.stop();
  await relay.stop();
  await broker.close();
  server.closeAllConnections();
  server.close();
  await Promise.all([database.drop(), nats.stop()]);
});

// biome-ignore lint/suspicious/noExplicitAny: tests read what they asked for.
type Line = any;
const get = async (path: string): Promise<Line> => (await fetch(`${url}${path}`)).json();
const post = (path: string, body: object) => fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
const linesOf = async (answer: Response): Promise<Line[]> =>
  (await answer.text())
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const append = (ownerId: string, ...revisions: number[]) =>
  appendToOutbox(
    database.pool,
    revisions.map((revision) =>
      draftEvent(counted, { eventId: randomUUID(), ownerId, revision, occurredAt: new Date(), data: { n: revision } }),
    ),
  );

test('tail shows what is published from now on, filtered', async () => {
  const leaving = new AbortController();
  const answer = await fetch(`${url}/tail?stream=SHOP&owner=seen`, { signal: leaving.signal });
  const seen: Line[] = [];
  const lines = createInterface({ input: Readable.fromWeb(answer.body as ReadableStream) });
  lines.on('line', (line) => seen.push(JSON.parse(line))).on('error', () => undefined);
  await append('unseen', 1);
  await append('seen', 1);
  await eventually('it is shown', () => seen.length > 0);
  expect(seen).toEqual([
    {
      stream: 'SHOP',
      subject: 'shop.counted.seen',
      ownerId: 'seen',
      type: 'shop.counted.v1',
      id: expect.any(String),
      revision: 1,
      time: expect.any(String),
      data: { n: 1 },
    },
  ]);
  leaving.abort();
});

test('a dead event shows in status and list, and is redriven after the fix', async () => {
  await append('bad', 1, 2);
  await append('good', 1);
  const status = await eventually('both letters are there', async () => {
    const read = await get('/status');
    return read.dead.total === 2 && read;
  });
  expect(status).toMatchObject({
    source: 'shop/test',
    connected: true,
    outbox: { unpublished: 0, oldestAgeMs: 0 },
    dead: { total: 2, byReason: { RangeError: 1, HELD_BEHIND: 1 } },
  });
  expect(status.consumers).toContainEqual(expect.objectContaining({ durable: 'counter', dead: 2 }));
  expect(handled).toContain('good:1');

  const [first, second] = await linesOf(await fetch(`${url}/dead?consumer=counter&owner=bad`));
  expect(first).toMatchObject({ reason: 'RangeError', message: 'broken', revision: 1, attempts: 1 });
  expect(second).toMatchObject({ reason: 'HELD_BEHIND', revision: 2 });
  const [shown] = await linesOf(await fetch(`${url}/dead?letter=${first.sequence}`));
  expect(shown.stack).toContain('RangeError: broken');

  expect(await linesOf(await post('/dead/redrive', { letters: [second.sequence] }))).toMatchObject([
    { letter: second.sequence, outcome: 'refused', code: 'EARLIER_STILL_DEAD' },
  ]);
  fixed = true;
  expect(await linesOf(await post('/dead/redrive', { reason: 'RangeError' }))).toMatchObject([
    { letter: first.sequence, outcome: 'redriven' },
  ]);
  await eventually('both are handled', () => handled.includes('bad:2'));
  expect(handled.filter((each) => each.startsWith('bad'))).toEqual(['bad:1', 'bad:2']);
  await eventually('none is left', async () => (await get('/status')).dead.total === 0);
  const history = await linesOf(await fetch(`${url}/dead/history`));
  expect(history.map(({ action, revision }) => `${action} ${revision}`)).toEqual([
    'redriven 1',
    'handled 1',
    'released 2',
  ]);
});

test('republish says how many, and what it is asked to republish has to be said', async () => {
  await eventually('all is published', async () => (await get('/status')).outbox.unpublished === 0);
  const before = handled.length;
  expect(await (await post('/republish', { owners: ['good'] })).json()).toEqual({ republished: 1 });
  await eventually('it came again', () => handled.length === before + 1);
  for (const body of [{}, { since: 'yesterday' }, { owners: [] }]) {
    const refused = await post('/republish', body);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  }
});

test('nothing is settled by leaving something out', async () => {
  for (const path of ['/dead/redrive', '/dead/drop']) {
    expect((await post(path, {})).status).toBe(400);
    expect(await linesOf(await post(path, { all: true }))).toEqual([]);
  }
});

test('what no stream takes is named, counted, and sent again on demand', async () => {
  const draft = draftEvent(counted, {
    eventId: randomUUID(),
    ownerId: 'lost',
    revision: 1,
    occurredAt: new Date(),
    data: { n: 1 },
  });
  await appendToOutbox(database.pool, [{ ...draft, subject: 'nowhere.lost' }]);
  const counts = async () => (await get('/status')).outbox.setAside;
  await eventually('it is counted', async () => (await counts()) === 1);
  expect(await linesOf(await fetch(`${url}/outbox`))).toMatchObject([
    { eventId: draft.eventId, ownerId: 'lost', subject: 'nowhere.lost', code: 'NO_STREAM', waitingBehind: 0 },
  ]);
  for (const body of [{}, { owners: [] }, { owners: ['lost'], all: true }, { all: true, more: 1 }]) {
    expect((await post('/outbox/send', body)).status).toBe(400);
  }
  await broker.declareStream({ name: 'NOWHERE', subjects: ['nowhere.>'] });
  expect(await (await post('/outbox/send', { all: true })).json()).toEqual({ sent: 1 });
  await eventually('it is published', async () => (await get('/status')).outbox.unpublished === 0);
  expect(await linesOf(await fetch(`${url}/outbox`))).toEqual([]);
});

test('what no stream takes is shown and dropped by its place in the outbox', async () => {
  const lost = { eventId: randomUUID(), ownerId: 'gone', occurredAt: new Date(), revision: 1, data: { n: 1 } };
  await appendToOutbox(database.pool, [{ ...draftEvent(counted, lost), subject: 'elsewhere.gone' }]);
  await eventually('it is set aside', async () => (await get('/status')).outbox.setAside === 1);
  const [{ outboxId }] = await linesOf(await fetch(`${url}/outbox`));
  expect(await linesOf(await fetch(`${url}/outbox?id=${outboxId}`))).toMatchObject([
    { ownerId: 'gone', data: { n: 1 } },
  ]);
  expect(await linesOf(await fetch(`${url}/outbox?id=${outboxId + 1}`))).toEqual([]);
  for (const body of [{}, { outboxIds: [] }, { outboxIds: ['1'] }, { outboxIds: [1], all: true }]) {
    expect((await post('/outbox/drop', body)).status).toBe(400);
  }
  expect((await fetch(`${url}/outbox?id=x`)).status).toBe(400);
  expect(await (await post('/outbox/drop', { outboxIds: [outboxId + 1] })).json()).toEqual({ dropped: [] });
  expect(await (await post('/outbox/drop', { outboxIds: [outboxId] })).json()).toEqual({ dropped: [outboxId] });
  expect((await get('/status')).outbox).toMatchObject({ setAside: 0, unpublished: 0 });
});

test('events are shown page by page, and a question that cannot be answered is refused', async () => {
  const events = [1, 2, 3].map((revision) =>
    draftEvent(counted, {
      eventId: randomUUID(),
      ownerId: 'shown',
      revision,
      occurredAt: new Date(Date.UTC(2026, 0, revision)),
      data: { n: revision },
    }),
  );
  await appendToOutbox(database.pool, events);
  const page = async (query: string) => linesOf(await fetch(`${url}/show?owner=shown&${query}`));
  const [one, two, { next }] = await page('limit=2');
  const rest = await page(`limit=2&after=${next}`);
  expect([one, two, ...rest]).toMatchObject([{ revision: 1 }, { revision: 2 }, { revision: 3 }, { next: null }]);
  expect(one).toMatchObject({
    ownerKind: 'shop',
    type: counted.type,
    data: { n: 1 },
    occurredAt: '2026-01-01T00:00:00.000Z',
  });
  expect(await page('since=2026-01-02T00:00:00Z&until=2026-01-03T00:00:00Z')).toMatchObject([{ revision: 2 }, {}]);
  for (const query of ['since=yesterday', 'limit=0', 'limit=1001', 'limit=x', 'after=x']) {
    const refused = await fetch(`${url}/show?${query}`);
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    ]);
  }
});

test.each(['redrive', 'drop'])('a letter that is not there is said to be missing by %s', async (what) => {
  expect(await linesOf(await post(`/dead/${what}`, { letters: [999_999, 999_999] }))).toEqual([
    { letter: 999_999, outcome: 'missing' },
  ]);
});

test('a body that is too large is refused in an answer that arrives, told its length or not', async () => {
  const large = Buffer.alloc(3 * 1024 * 1024, ' ');
  const inPieces = () => Readable.toWeb(Readable.from([large.subarray(0, 2_000_000), large])) as BodyInit;
  for (const body of [large, inPieces()]) {
    const refused = await fetch(`${url}/republish`, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { errors: [{ message: expect.stringMatching(/larger than/) }] },
    ]);
  }
  expect((await fetch(`${url}/status`)).status).toBe(200);
});

test('what of a stream is otherwise than configured is listed, and applied', async () => {
  streams.keepForMs *= 2;
  const difference = { stream: SHOP_STREAM.name, setting: 'maxAgeS', is: 86_400, configured: 172_800 };
  const listed = await fetch(`${url}/streams`);
  expect((await listed.json()).differences).toContainEqual(difference);
  const applied = await fetch(`${url}/streams/apply`, { method: 'POST', body: '{}' });
  expect((await applied.json()).applied).toContainEqual({ ...difference, outcome: 'applied' });
  expect(await (await fetch(`${url}/streams`)).json()).toEqual({ differences: [] });
});

test('without the broker, what needs it is refused, and the rest answers', async () => {
  await nats.stop();
  await eventually('the connection is lost', () => !broker.connected);
  const refusals = [
    await fetch(`${url}/dead`),
    await fetch(`${url}/dead/history`),
    await fetch(`${url}/tail`),
    await fetch(`${url}/reconcile`),
    await post('/dead/redrive', { all: true }),
  ];
  for (const refused of refusals) {
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
  }
  expect(await get('/status')).toMatchObject({ connected: false, streams: [] });
  expect((await post('/republish', { owners: ['good'] })).status).toBe(200);
});
