import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { deliverEvents, type EventBroker, inTransaction, type SqlConnection } from '@kith/event-delivery';
import { defineEvent } from '@kith/event-delivery/envelope';
import { collectLog } from '@kith/event-delivery/testing';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { inject } from 'vitest';
import { z } from 'zod';
import { inPages } from '../catch-up/live-list.ts';
import { recordChanges } from '../revisions/record-changes.ts';
import { openLiveLists } from '../start/open-live-lists.ts';

export const SHELVES = { name: 'SHELVES', subjects: ['shelves.>'] };
export const bookAdded = defineEvent({
  name: 'library.book.added',
  ownerKind: 'shelf',
  subject: (shelfId) => `shelves.added.${shelfId}`,
  newest: z.object({ title: z.string() }),
});
const bookAddedToLarge = defineEvent({
  name: 'library.book.added-to-large-shelf',
  ownerKind: 'large-shelf',
  subject: (shelfId) => `shelves.large.${shelfId}`,
  newest: z.object({ title: z.string() }),
});
const TABLES = `
  CREATE TABLE book (id bigserial PRIMARY KEY, shelf_id text NOT NULL, title text NOT NULL);
  CREATE INDEX book_by_shelf ON book (shelf_id, id)`;

/** A database of its own on the test run's Postgres, with the tables of both packages and one of the service's. */
async function createDatabase(): Promise<{ pool: pg.Pool; drop(): Promise<void> }> {
  const server = inject('postgresUrl');
  const url = new URL(server);
  url.pathname = `/test_shelves_${randomUUID().replaceAll('-', '')}`;
  const admin = new pg.Pool({ connectionString: server, max: 1 });
  await admin.query(`CREATE DATABASE ${url.pathname.slice(1)}`);
  const pool = new pg.Pool({ connectionString: url.href, max: 10 });
  pool.on('error', () => undefined);
  const files = [
    import.meta.resolve('@kith/event-delivery/event-tables.sql'),
    import.meta.resolve('../live-list-tables.sql'),
  ];
  for (const file of files) await pool.query(await readFile(fileURLToPath(file), 'utf8'));
  await pool.query(TABLES);
  return {
    pool,
    async drop() {
      await pool.end();
      await admin.query(`DROP DATABASE ${url.pathname.slice(1)} WITH (FORCE)`);
      await admin.end();
    },
  };
}

async function* booksPageByPage(sql: SqlConnection, shelfId: string) {
  const statement = 'SELECT id, title FROM book WHERE shelf_id = $1 AND id > $2 ORDER BY id LIMIT 200';
  for (let after = '0'; ; ) {
    const { rows } = await sql.query<{ id: string; title: string }>(statement, [shelfId, after]);
    if (rows.length > 0 || after === '0') yield { __typename: 'Shelf', titles: rows.map(({ title }) => title) };
    const last = rows.at(-1);
    if (!last || rows.length < 200) return;
    after = last.id;
  }
}

/** A service that keeps shelves of books, as live lists; with `broker` it publishes and announces. */
export async function openShelves({ broker }: { broker?: EventBroker } = {}) {
  const { pool, drop } = await createDatabase();
  const log = collectLog();
  const connecting = broker ? Promise.resolve(broker) : new Promise<EventBroker>(() => undefined);
  const source = 'test/library';
  const lists = await openLiveLists({ pool, broker: connecting, stream: SHELVES, source, log });
  const list = lists.declare({
    kind: 'shelf',
    contracts: [bookAdded],
    durable: 'shelf-announcements',
    changeOf: ({ data }, place) => ({ __typename: 'BookAdded', ...place, title: data.title }),
    async pages(sql, shelfId) {
      const { rows } = await sql.query<{ title: string }>('SELECT title FROM book WHERE shelf_id = $1 ORDER BY id', [
        shelfId,
      ]);
      return inPages(rows, 200).map((page) => ({ __typename: 'Shelf', titles: page.map(({ title }) => title) }));
    },
    endsWatching: ({ data }) => data.title === 'the last one',
  });
  const large = lists.declare({
    kind: 'large-shelf',
    contracts: [bookAddedToLarge],
    durable: 'large-shelf-announcements',
    changeOf: ({ data }, place) => ({ __typename: 'BookAdded', ...place, title: data.title }),
    readPages: booksPageByPage,
  });
  const { beforePublishing, consumers } = lists;
  const delivery =
    broker && (await deliverEvents({ pool, broker, source, stream: SHELVES, beforePublishing, consumers, log }));

  async function put(sql: SqlConnection, shelfId: string, title: string): Promise<void> {
    const change = { contract: bookAdded, ownerId: shelfId, data: { title }, occurredAt: new Date() };
    await recordChanges(sql, [change], { newId });
    await sql.query('INSERT INTO book (shelf_id, title) VALUES ($1, $2)', [shelfId, title]);
  }

  return {
    pool,
    log,
    lists,
    list,
    /** A kind of which lists may have any size. */
    large,
    putLarge: (shelfId: string, title: string) =>
      inTransaction(pool, async (sql) => {
        const change = { contract: bookAddedToLarge, ownerId: shelfId, data: { title }, occurredAt: new Date() };
        await recordChanges(sql, [change], { newId });
        await sql.query('INSERT INTO book (shelf_id, title) VALUES ($1, $2)', [shelfId, title]);
      }),
    put: (shelfId: string, title = 'a book') => inTransaction(pool, (sql) => put(sql, shelfId, title)),
    putInVain: (shelfId: string) =>
      inTransaction(pool, async (sql) => {
        await put(sql, shelfId, 'never there');
        throw new Error('the transaction fails');
      }),
    async stop() {
      await delivery?.stop();
      await lists.stop();
      await drop();
    },
  };
}
