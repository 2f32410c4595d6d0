import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DomainEvent } from '../domain-events/domain-event.ts';
import { inTransaction } from '../postgres/in-transaction.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { keepsEvents } from './keep-events.ts';

interface Liked extends DomainEvent<'post.liked'> {
  readonly by: string;
  readonly tags: readonly string[];
}

let db: Awaited<ReturnType<typeof createEventDatabase>>;
beforeAll(async () => {
  db = await createEventDatabase();
  await db.pool.query(await readFile(new URL('../append-only.sql', import.meta.url), 'utf8'));
  await db.pool.query(`
    CREATE TABLE by_month (LIKE action) PARTITION BY RANGE (occurred_at);
    CREATE TABLE january PARTITION OF by_month FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    SELECT make_append_only('by_month')`);
});
afterAll(() => db.drop());

const likes = keepsEvents<Liked>('action');

function liked(postId: string, by: string, minute = 0): Liked {
  const occurredAt = new Date(Date.UTC(2026, 0, 2, 3, minute));
  return { name: 'post.liked', id: randomUUID(), occurredAt, source: { kind: 'post', id: postId }, by, tags: ['x'] };
}

test('what was kept is read back as it was, the newest first, page after page, of one source', async () => {
  const kept = [liked('one', 'ann', 1), liked('one', 'bob', 2), liked('one', 'cem', 3)];
  await likes.append(db.pool, [...kept, liked('other', 'ann', 2)]);
  const source = { kind: 'post', id: 'one' };
  const first = await likes.of(db.pool, source, { limit: 2 });
  expect(first).toEqual([kept[2], kept[1]]);
  expect(await likes.of(db.pool, source, { limit: 2, before: first[1]!.id })).toEqual([kept[0]]);
  expect(await likes.of(db.pool, { kind: 'comment', id: 'one' }, { limit: 2 })).toEqual([]);
  expect(() => Object.assign(first[0]!, { by: 'dan' })).toThrow(TypeError);
});

test('events of one moment are on one page each, once', async () => {
  await likes.append(
    db.pool,
    ['ann', 'bob', 'cem', 'dan'].map((by) => liked('moment', by)),
  );
  const source = { kind: 'post', id: 'moment' };
  const found: string[] = [];
  for (let before: string | undefined; found.length < 5; ) {
    const [event] = await likes.of(db.pool, source, { limit: 1, before });
    if (!event) break;
    found.push(event.by);
    before = event.id;
  }
  expect(found.sort()).toEqual(['ann', 'bob', 'cem', 'dan']);
});

test('is appended with the transaction or not at all, and one id once', async () => {
  const event = liked('two', 'ann');
  const failing = inTransaction(db.pool, async (sql) => {
    await likes.append(sql, [event]);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await likes.of(db.pool, event.source, { limit: 9 })).toEqual([]);
  await likes.append(db.pool, [event]);
  await expect(likes.append(db.pool, [{ ...event, by: 'bob' }])).rejects.toMatchObject({ code: '23505' });
  await likes.append(db.pool, []);
  expect(await likes.of(db.pool, event.source, { limit: 9 })).toEqual([event]);
});

test.each([
  ['UPDATE', "UPDATE action SET name = 'x'"],
  ['UPDATE of no row', "UPDATE action SET name = 'x' WHERE false"],
  ['DELETE', 'DELETE FROM action'],
  ['TRUNCATE', 'TRUNCATE action'],
  ['TRUNCATE with CASCADE', 'TRUNCATE action CASCADE'],
  [
    'an upsert',
    `INSERT INTO action SELECT * FROM action WHERE source_id = 'kept' ON CONFLICT (id) DO UPDATE SET name = 'x'`,
  ],
  ['MERGE', 'MERGE INTO action USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE'],
  ['a DELETE inside a WITH', 'WITH gone AS (DELETE FROM action RETURNING *) SELECT count(*) FROM gone'],
  ['a replica’s session', "SET session_replication_role = 'replica'; DELETE FROM action"],
  ['UPDATE of a partitioned table', "UPDATE by_month SET name = 'x'"],
  ['DELETE from a partition', 'DELETE FROM january'],
  ['UPDATE of a partition', "UPDATE january SET name = 'x'"],
])('%s is refused by the table itself, and changes nothing', async (_, statement) => {
  const event = liked(randomUUID(), 'ann');
  await likes.append(db.pool, [event]);
  const inPartition = liked('in a partition', 'ann');
  await keepsEvents<Liked>('by_month').append(db.pool, [inPartition]);
  await expect(inTransaction(db.pool, (sql) => sql.query(statement))).rejects.toMatchObject({ code: '23001' });
  expect(await likes.of(db.pool, event.source, { limit: 1 })).toEqual([event]);
  const { rows } = await db.pool.query('SELECT name FROM january WHERE id = $1', [inPartition.id]);
  expect(rows).toEqual([{ name: 'post.liked' }]);
});

test.each(['', 'a b', 'a;b', 'A', 'a.b.c', '"a"'])('"%s" is no name of a table', (table) => {
  expect(() => keepsEvents(table)).toThrow(TypeError);
});
