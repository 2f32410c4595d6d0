import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Stoppable } from '../../broker/broker.ts';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { counted } from '../../contract-tests/shop-events.ts';
import { createEventDatabase } from '../../testing/create-event-database.ts';
import { openPool } from '../../testing/open-pool.ts';
import { appendToOutbox } from '../append-to-outbox.ts';
import { draftEvent } from '../draft-event.ts';
import { watchForRestores } from './watch-for-restores.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
let watched: pg.Pool;
let watch: Stoppable;
let noticed: Date[];
let mayFail: number;

async function begin(everyMs: number): Promise<void> {
  watch = await watchForRestores({
    pools: [watched],
    async onPutBack(_sql, goodAt) {
      noticed.push(goodAt);
      mayFail -= 1;
      if (mayFail >= 0) throw new Error('not now');
    },
    log: collectLog(),
    everyMs,
  });
}

beforeEach(async () => {
  database = await createEventDatabase();
  watched = openPool({ connectionString: database.url, max: 4 });
  noticed = [];
  mayFail = 0;
});
afterEach(async () => {
  await watch?.stop();
  await watched.end();
  await database.drop();
});

let revision = 0;
async function append(): Promise<void> {
  revision += 1;
  const event = { eventId: randomUUID(), ownerId: 'p1', revision, occurredAt: new Date(), data: { n: revision } };
  await appendToOutbox(database.pool, [draftEvent(counted, event)]);
}

const putBack = () =>
  database.pool.query('DELETE FROM outbox WHERE id = (SELECT id FROM outbox ORDER BY id DESC LIMIT 1)');
const cutOff = () =>
  database.pool.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
const NEVER_MS = 600_000;
const SOME_LOOKS_MS = 200;
const someLooks = () => new Promise((resolve) => setTimeout(resolve, SOME_LOOKS_MS));

test('a database that is put back under open connections is noticed once, and only what was good before', async () => {
  await append();
  await begin(20);
  await append();
  await someLooks();
  const before = new Date();
  await putBack();
  await eventually('it is noticed', () => noticed.length > 0);
  await someLooks();
  expect(noticed).toHaveLength(1);
  expect(noticed[0]!.getTime()).toBeLessThanOrEqual(before.getTime() + 100);
  await append();
  await someLooks();
  await putBack();
  await eventually('it is noticed again', () => noticed.length === 2);
});

test('over a new connection nothing is asked before it is noticed', async () => {
  await append();
  await append();
  await begin(NEVER_MS);
  await putBack();
  await cutOff();
  await eventually('the pool has let go', () => watched.totalCount === 0);
  await watched.query('SELECT 1');
  expect(noticed).toHaveLength(1);
});

test('what could not be done about it is tried again, and the connection is not handed out meanwhile', async () => {
  await append();
  await append();
  await begin(NEVER_MS);
  mayFail = 1;
  await putBack();
  await cutOff();
  await eventually('the pool has let go', () => watched.totalCount === 0);
  await expect(watched.query('SELECT 1')).rejects.toThrow('not now');
  await watched.query('SELECT 1');
  expect(noticed).toHaveLength(2);
});

test('nothing is noticed of connections that are cut, or of events that come', async () => {
  await begin(20);
  for (let n = 0; n < 3; n += 1) {
    await append();
    await cutOff();
    await someLooks();
  }
  expect(noticed).toEqual([]);
});
