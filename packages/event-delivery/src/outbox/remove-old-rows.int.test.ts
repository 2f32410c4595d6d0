import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@kith/local-servers';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { firstTime } from '../consumer/inbox.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { counted } from '../contract-tests/shop-events.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { appendToOutbox } from './append-to-outbox.ts';
import { draftEvent } from './draft-event.ts';
import { removeOldRows, startJanitor } from './remove-old-rows.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
beforeAll(async () => {
  database = await createEventDatabase();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query('TRUNCATE outbox, inbox'));

const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 60 * 60 * 1_000);
async function add(ownerId: string, count: number, occurredAt: Date, published = true): Promise<void> {
  const events = Array.from({ length: count }, (_, n) =>
    draftEvent(counted, { eventId: randomUUID(), ownerId, revision: n + 1, occurredAt, data: { n } }),
  );
  await appendToOutbox(database.pool, events);
  if (published) await database.pool.query('UPDATE outbox SET published_at = now() WHERE owner_id = $1', [ownerId]);
}
const left = async () =>
  (await database.pool.query('SELECT owner_id, count(*)::int AS rows FROM outbox GROUP BY owner_id ORDER BY owner_id'))
    .rows;

test('old published events go, in as many batches as it takes; unpublished ones never do', async () => {
  await add('old', 2_500, daysAgo(31));
  await add('stuck', 3, daysAgo(400), false);
  await add('young', 3, daysAgo(29));
  expect(await removeOldRows(database.pool)).toEqual({ outbox: 2_500, inbox: 0 });
  expect(await left()).toEqual([
    { owner_id: 'stuck', rows: 3 },
    { owner_id: 'young', rows: 3 },
  ]);
});

test('a handled event is remembered longer than any outbox keeps it', async () => {
  const [old, young] = [randomUUID(), randomUUID()];
  for (const eventId of [old, young]) await firstTime(database.pool, 'c', eventId);
  await database.pool.query('UPDATE inbox SET handled_at = $1 WHERE event_id = $2', [daysAgo(61), old]);
  await database.pool.query('UPDATE inbox SET handled_at = $1 WHERE event_id = $2', [daysAgo(59), young]);
  expect(await removeOldRows(database.pool)).toEqual({ outbox: 0, inbox: 1 });
  expect(await firstTime(database.pool, 'c', young)).toBe(false);
});

test('it waits for nobody who holds rows, and writers wait for nothing', async () => {
  await add('old', 10, daysAgo(31));
  const holder = await database.pool.connect();
  await holder.query('BEGIN');
  await holder.query("SELECT FROM outbox WHERE owner_id = 'old' AND revision <= 4 FOR UPDATE");
  expect(await removeOldRows(database.pool)).toEqual({ outbox: 6, inbox: 0 });
  await holder.query('COMMIT');
  holder.release();
  expect(await removeOldRows(database.pool)).toEqual({ outbox: 4, inbox: 0 });
});

test('the janitor goes round again and again, also after a failure, until it is stopped', async () => {
  const log = collectLog();
  await add('old', 5, daysAgo(31));
  let asked = 0;
  const query = (...what: Parameters<pg.Pool['query']>) => {
    asked += 1;
    return database.pool.query(...what);
  };
  const janitor = startJanitor({ pool: Object.assign(Object.create(database.pool), { query }), log, everyMs: 20 });
  await eventually('the first round is done', async () => (await left()).length === 0);
  await database.pool.query('ALTER TABLE inbox RENAME TO away');
  await eventually('it says that it cannot', () => log.lines.some((line) => line.startsWith('warn')));
  await database.pool.query('ALTER TABLE away RENAME TO inbox');
  await add('older', 5, daysAgo(32));
  await eventually('a later round is done', async () => (await left()).length === 0);
  await janitor.stop();
  const before = asked;
  await add('oldest', 1, daysAgo(33));
  // Timers go off in the order of their time: one of 20 ms would have gone off before, however busy the machine.
  await sleep(60);
  expect([await left(), asked]).toEqual([[{ owner_id: 'oldest', rows: 1 }], before]);
});
