import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { counted } from '../../contract-tests/shop-events.ts';
import { createEventDatabase } from '../../testing/create-event-database.ts';
import { appendToOutbox } from '../append-to-outbox.ts';
import { draftEvent } from '../draft-event.ts';
import { removeOldRows } from '../remove-old-rows.ts';
import { republish } from '../republish.ts';
import { archiveOldRows } from './archive-old-rows.ts';
import { readEvents } from './read-events.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
beforeAll(async () => {
  database = await createEventDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query('TRUNCATE outbox');
  for (const month of await months()) await database.pool.query(`DROP TABLE event_archive.${month}`);
});

const DAY_MS = 24 * 60 * 60 * 1_000;
const event = (ownerId: string, revision: number, occurredAt: Date) =>
  draftEvent(counted, { eventId: randomUUID(), ownerId, revision, occurredAt, data: { n: revision } });

async function add(ownerId: string, ...moments: string[]): Promise<void> {
  const events = moments.map((moment, n) => event(ownerId, n + 1, new Date(moment)));
  await appendToOutbox(database.pool, events);
  await database.pool.query('UPDATE outbox SET published_at = now(), stream_sequence = id');
}

async function months(): Promise<string[]> {
  const { rows } = await database.pool.query(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'event_archive.outbox'::regclass ORDER BY 1",
  );
  return rows.map(({ name }) => name.replace('event_archive.', ''));
}

async function revisions(ownerId: string): Promise<string[]> {
  const all: string[] = [];
  for await (const { revision, isArchived } of readEvents(database.pool, { ownerId })) {
    all.push(`${revision}${isArchived ? ' archived' : ''}`);
  }
  return all;
}

const archive = (outboxBefore: string, archiveBefore = '2000-01-01T00:00:00Z') =>
  archiveOldRows(database.pool, { outboxBefore: new Date(outboxBefore), archiveBefore: new Date(archiveBefore) });

test('each event is in the table of its month in UTC, to the last millisecond, and what is younger stays', async () => {
  await add('p', '2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00Z', '2026-04-15T00:00:00Z', '2026-05-02T00:00:00Z');
  expect(await archive('2026-05-01T00:00:00Z')).toEqual({ archived: 3, dropped: 0 });
  expect(await months()).toEqual(['outbox_2026_01', 'outbox_2026_02', 'outbox_2026_04']);
  expect(await revisions('p')).toEqual(['1 archived', '2 archived', '3 archived', '4']);
  expect(await archive('2026-05-01T00:00:00Z')).toEqual({ archived: 0, dropped: 0 });
});

test('a month is dropped whole, once it is over for longer than events are kept', async () => {
  await add('p', '2026-01-01T00:00:00Z', '2026-01-31T00:00:00Z', '2026-02-01T00:00:00Z');
  await archive('2026-05-01T00:00:00Z', '2026-01-31T23:59:59.999Z');
  expect(await revisions('p')).toHaveLength(3);
  expect(await archive('2026-05-01T00:00:00Z', '2026-02-01T00:00:00Z')).toEqual({ archived: 0, dropped: 1 });
  expect(await revisions('p')).toEqual(['3 archived']);
  expect(await months()).toEqual(['outbox_2026_02']);
});

test('several processes at once move each event once, and lose none', async () => {
  await add(
    'p',
    ...Array.from({ length: 3_000 }, (_, n) => new Date(Date.UTC(2026, n % 6, 1 + (n % 28))).toISOString()),
  );
  const done = await Promise.all([1, 2, 3].map(() => archive('2026-12-01T00:00:00Z')));
  expect(done.reduce((sum, { archived }) => sum + archived, 0)).toBe(3_000);
  expect(new Set(await revisions('p')).size).toBe(3_000);
});

test('the retention of a service: what is older than the outbox keeps is archived, what is older than all is gone', async () => {
  const ago = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
  await add('p', ago(200), ago(31), ago(29));
  expect(await removeOldRows(database.pool, { keepEventsMs: 100 * DAY_MS })).toMatchObject({ archived: 2, months: 1 });
  expect(await revisions('p')).toEqual(['2 archived', '3']);
});

test('what is archived can be published again, in its old place, and not what an operator has dropped', async () => {
  await add('p', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', '2026-05-01T00:00:00Z');
  await archive('2026-04-01T00:00:00Z');
  await database.pool.query('UPDATE event_archive.outbox SET published_at = NULL WHERE revision = 1');
  expect(await republish(database.pool, { owners: ['p'] })).toBe(2);
  const { rows } = await database.pool.query('SELECT revision::int FROM outbox WHERE published_at IS NULL ORDER BY id');
  expect(rows.map(({ revision }) => revision)).toEqual([2, 3]);
  expect(await revisions('p')).toEqual(['1 archived', '2', '3']);
});

test('order 1 and customer 1 are two owners', async () => {
  const asCustomer = { ...event('1', 1, new Date()), ownerKind: 'shop.customer' };
  await appendToOutbox(database.pool, [event('1', 1, new Date()), asCustomer]);
  await expect(appendToOutbox(database.pool, [{ ...asCustomer, eventId: randomUUID() }])).rejects.toMatchObject({
    code: '23505',
  });
});

test('a database from before there was an archive becomes what a new one is, and keeps its rows', async () => {
  const tables = await readFile(new URL('../../event-tables.sql', import.meta.url), 'utf8');
  const upgrade = await readFile(new URL('../../upgrade-event-tables.sql', import.meta.url), 'utf8');
  const shape = `
    SELECT table_schema, table_name, column_name, data_type, is_nullable FROM information_schema.columns
    WHERE table_name IN ('outbox', 'inbox') AND table_schema IN ('public', 'event_archive') ORDER BY 1, 2, 3`;
  const indexes = `
    SELECT indexname, replace(indexdef, 'ONLY ', '') AS indexdef FROM pg_indexes
    WHERE tablename IN ('outbox', 'inbox') AND schemaname IN ('public', 'event_archive') ORDER BY indexname, schemaname`;
  const before = tables
    .replace(/CREATE SCHEMA event_archive;[\s\S]*?CREATE SEQUENCE inbox_position;/, '')
    .replace(/,\n\s+-- What owner_id names[^\n]*\n\s+owner_kind\s[^\n]*\n/, ',\n  UNIQUE (owner_id, revision)\n')
    .replace(/\n\s+-- Of an inbox that keeps[^\n]*\n\s+envelope\s[^\n]*\n\s+position\s[^\n]*\n/, '\n')
    .replace(/CREATE UNIQUE INDEX outbox_owner_revision[^\n]*\n/, '')
    .replace(/CREATE INDEX inbox_kept[^\n]*\n/, '');
  const old = await createEventDatabase(before);
  await old.pool.query(`INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at)
    VALUES (gen_random_uuid(), '1', 1, 'shop.order.placed.v1', 'x', '{}', now())`);
  for (let times = 0; times < 2; times += 1) await old.pool.query(upgrade);
  for (const question of [shape, indexes]) {
    expect((await old.pool.query(question)).rows).toEqual((await database.pool.query(question)).rows);
  }
  expect((await old.pool.query('SELECT owner_kind FROM outbox')).rows).toEqual([{ owner_kind: 'shop.order' }]);
  await old.drop();
});
