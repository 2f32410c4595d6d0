import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { counted } from '../../contract-tests/shop-events.ts';
import { createEventDatabase } from '../../testing/create-event-database.ts';
import { appendToOutbox } from '../append-to-outbox.ts';
import { draftEvent } from '../draft-event.ts';
import { archiveOldRows } from './archive-old-rows.ts';
import { type EventFilter, type RecordedEvent, readEventPage, readEvents } from './read-events.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
beforeAll(async () => {
  database = await createEventDatabase();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query('TRUNCATE outbox, event_archive.outbox'));

const at = (day: number, hour = 0) => new Date(Date.UTC(2026, 0, day, hour));
const event = (ownerId: string, revision: number, occurredAt: Date, changes: object = {}) => ({
  ...draftEvent(counted, { eventId: randomUUID(), ownerId, revision, occurredAt, data: { n: revision } }),
  ...changes,
});
const archive = (before: Date) => archiveOldRows(database.pool, { outboxBefore: before, archiveBefore: new Date(0) });
const publishAll = () => database.pool.query('UPDATE outbox SET published_at = now(), stream_sequence = id');
const nameOf = ({ ownerId, revision }: RecordedEvent) => `${ownerId}:${revision}`;

async function found(filter: EventFilter): Promise<string[]> {
  const names: string[] = [];
  for await (const each of readEvents(database.pool, filter)) names.push(nameOf(each));
  return names;
}

/** Page by page, with something done between two of them. */
async function paged(filter: EventFilter, limit: number, between: (page: number) => Promise<unknown>) {
  const names: string[] = [];
  let after: string | undefined;
  for (let page = 1; ; page += 1) {
    const { events, next } = await readEventPage(database.pool, filter, { after, limit });
    names.push(...events.map(nameOf));
    if (next === undefined) return names;
    await between(page);
    after = next;
  }
}

test('those of an owner come in the order of its revisions, from outbox and archive alike', async () => {
  await appendToOutbox(
    database.pool,
    [3, 1, 2, 4].map((n) => event('a', n, at(10 - n))),
  );
  await appendToOutbox(database.pool, [event('b', 1, at(5))]);
  await publishAll();
  await archive(at(8));
  expect(await found({ ownerId: 'a' })).toEqual(['a:1', 'a:2', 'a:3', 'a:4']);
  expect(await found({ ownerId: 'nobody' })).toEqual([]);
});

test('of two owners with one id, each has its own; both where nobody says which', async () => {
  await appendToOutbox(database.pool, [
    event('1', 1, at(1), { ownerKind: 'order' }),
    event('1', 1, at(2), { ownerKind: 'customer' }),
    event('1', 2, at(3), { ownerKind: 'order' }),
  ]);
  const kinds: string[] = [];
  for await (const each of readEvents(database.pool, { ownerId: '1' }))
    kinds.push(`${each.ownerKind}:${each.revision}`);
  expect(kinds).toEqual(['customer:1', 'order:1', 'order:2']);
  expect(await found({ ownerId: '1', ownerKind: 'customer' })).toEqual(['1:1']);
});

test('those of a time span and of a type, its end not included', async () => {
  await appendToOutbox(database.pool, [
    event('a', 1, at(1)),
    event('b', 1, at(2), { type: 'shop.order.placed.v1' }),
    event('a', 2, at(3), { type: 'shop.order.placed.v2' }),
    event('a', 3, at(4), { type: 'shop.ordered.v1' }),
  ]);
  expect(await found({ since: at(2), until: at(4) })).toEqual(['b:1', 'a:2']);
  expect(await found({ type: 'shop.order.' })).toEqual(['b:1', 'a:2']);
  expect(await found({ type: 'shop.order.placed.v2', ownerId: 'a' })).toEqual(['a:2']);
  expect(await found({ type: '%' })).toEqual([]);
});

test.each([{ ownerId: 'a' }, {}])(
  'pages of %o neither skip nor repeat, whatever is archived and appended between them',
  async (filter) => {
    const events = Array.from({ length: 25 }, (_, n) => event('a', n + 1, at(1 + Math.floor(n / 5))));
    await appendToOutbox(database.pool, events);
    await publishAll();
    const names = await paged(filter, 4, async (page) => {
      if (page === 2) await archive(at(3));
      if (page === 4) await appendToOutbox(database.pool, [event('a', 26, at(20))]);
    });
    expect(names).toEqual(Array.from({ length: 26 }, (_, n) => `a:${n + 1}`));
  },
);

test('each says what became of it', async () => {
  await appendToOutbox(
    database.pool,
    [1, 2, 3].map((n) => event('a', n, at(n))),
  );
  await database.pool.query(`UPDATE outbox SET published_at = now(), stream_sequence = 7 WHERE revision = 1`);
  await database.pool.query(`UPDATE outbox SET headers = '{"setAside":{}}' WHERE revision = 2`);
  const { events } = await readEventPage(database.pool, { ownerId: 'a' });
  expect(events.map(({ state, streamSequence }) => [state, streamSequence])).toEqual([
    ['published', 7],
    ['set-aside', undefined],
    ['waiting', undefined],
  ]);
  expect(events[0]).toMatchObject({ type: counted.type, data: { n: 1 }, occurredAt: at(1), isArchived: false });
});

test.each(['x', 'bnVsbA', Buffer.from('["time","yesterday","1"]').toString('base64url')])(
  'the cursor %s, which no page has given, is refused with a code',
  async (after) => {
    await expect(readEventPage(database.pool, {}, { after })).rejects.toMatchObject({ code: 'CURSOR_NOT_VALID' });
    const { next } = await (async () => {
      await appendToOutbox(database.pool, [event('a', 1, at(1)), event('a', 2, at(1))]);
      return readEventPage(database.pool, { ownerId: 'a' }, { limit: 1 });
    })();
    await expect(readEventPage(database.pool, {}, { after: next })).rejects.toMatchObject({ code: 'CURSOR_NOT_VALID' });
  },
);
