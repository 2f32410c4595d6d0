import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Stoppable } from '../../broker/broker.ts';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { counted as countedEvent } from '../../contract-tests/shop-events.ts';
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
/** How often the database was looked at between connections. */
let looks: number;
let mayLook: Promise<void>;
let looking: number;

/** The same pool, through which looks are counted, and can be held up. */
function counted(pool: pg.Pool): pg.Pool {
  const query = async (text: string, values: unknown[]) => {
    await mayLook;
    looking += 1;
    try {
      return await pool.query(text, values);
    } finally {
      looking -= 1;
      looks += 1;
    }
  };
  return Object.assign(Object.create(pool), { query });
}

/** Whatever look was under way, another one has begun and ended since. */
async function someLooks(): Promise<void> {
  const before = looks;
  await eventually('it has looked again', () => looks >= before + 2);
}

/** Nothing is looked at until what this resolves to is called. */
async function holdLooks(): Promise<() => void> {
  let goOn = (): void => undefined;
  mayLook = new Promise((resolve) => {
    goOn = resolve;
  });
  await eventually('nobody looks', () => looking === 0);
  return goOn;
}

async function begin(everyMs: number): Promise<void> {
  watch = await watchForRestores({
    pools: [counted(watched)],
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
  looks = 0;
  looking = 0;
  mayLook = Promise.resolve();
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
  await appendToOutbox(database.pool, [draftEvent(countedEvent, event)]);
}

const putBack = () =>
  database.pool.query('DELETE FROM outbox WHERE id = (SELECT id FROM outbox ORDER BY id DESC LIMIT 1)');
const cutOff = () =>
  database.pool.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
const NEVER_MS = 600_000;

test('a database that is put back under open connections is noticed once, and only what was good before', async () => {
  await append();
  await begin(20);
  await append();
  await someLooks();
  const goOn = await holdLooks();
  const before = Date.now();
  await eventually('a moment has passed', () => Date.now() > before);
  await putBack();
  goOn();
  await eventually('it is noticed', () => noticed.length > 0);
  await someLooks();
  expect(noticed).toHaveLength(1);
  expect(noticed[0]!.getTime()).toBeLessThanOrEqual(before);
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
