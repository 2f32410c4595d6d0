import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShelves } from '../testing/open-shelves.ts';
import { changesSince, type ListDelta } from './changes-since.ts';
import type { ChangePlace, SnapshotPage } from './live-list.ts';

type Delta = ListDelta<ChangePlace>;
type Page = SnapshotPage<{ titles: string[] }>;

let shelves: Awaited<ReturnType<typeof openShelves>>;
beforeAll(async () => {
  shelves = await openShelves();
});
afterAll(() => shelves?.stop());

const since = (shelfId: string, after: string | null) =>
  changesSince(shelves.large, shelfId, after, 200) as Promise<Delta>;

/** A shelf with so many books, without the history of how they came. */
async function filled(books: number): Promise<string> {
  const shelfId = randomUUID();
  await shelves.pool.query(
    `INSERT INTO book (shelf_id, title) SELECT $1, repeat('x', 100) || n FROM generate_series(1, $2::int) AS n`,
    [shelfId, books],
  );
  await shelves.putLarge(shelfId, 'the newest');
  return shelfId;
}

async function rest(shelfId: string, first: Delta): Promise<Delta[]> {
  const parts = [first];
  for (let last = first; !(last.changes.at(-1) as Page | undefined)?.complete; ) {
    last = await since(shelfId, last.cursor);
    parts.push(last);
  }
  return parts;
}
const pagesOf = (parts: readonly Delta[]) => parts.flatMap(({ changes }) => changes) as unknown as Page[];

test('100,000 entries are answered in parts of one size and one revision, whatever is added meanwhile', async () => {
  const shelfId = await filled(100_000);
  const first = await since(shelfId, null);
  await shelves.putLarge(shelfId, 'while it is read');
  const parts = await rest(shelfId, first);
  expect(Math.max(...parts.map((part) => JSON.stringify(part).length))).toBeLessThan(512 * 1024);
  const pages = pagesOf(parts);
  expect(pages.flatMap(({ titles }) => titles)).toHaveLength(100_001);
  expect(new Set(pages.map(({ revision }) => revision))).toEqual(new Set([1]));
  expect(pages.findIndex(({ complete }) => complete)).toBe(pages.length - 1);
  // What happened meanwhile comes after it.
  expect(parts.at(-1)!.hasMore).toBe(true);
  expect((await since(shelfId, parts.at(-1)!.cursor)).changes).toMatchObject([{ revision: 2 }]);
  // Whoever resumes from the middle has not got the whole list.
  expect((await since(shelfId, pages[0]!.cursor)).changes[0]).toMatchObject({ reason: 'SUBSCRIBED' });
}, 120_000);

test('a list that fits is answered as it is, and nothing of it is kept', async () => {
  const shelfId = await filled(10);
  const whole = await since(shelfId, null);
  expect([whole.hasMore, pagesOf([whole]).flatMap(({ titles }) => titles).length]).toEqual([false, 11]);
  const { rows } = await shelves.pool.query('SELECT FROM live_list_snapshot WHERE owner_id = $1', [shelfId]);
  expect(rows).toEqual([]);
});

test('all who ask share what is kept of it, and are told what has happened since', async () => {
  const shelfId = await filled(6_000);
  const one = await since(shelfId, null);
  await shelves.putLarge(shelfId, 'a moment later');
  const other = await since(shelfId, null);
  expect(other.cursor).toBe(one.cursor);
  const last = (await rest(shelfId, other)).at(-1)!;
  expect((await since(shelfId, last.cursor)).changes).toMatchObject([{ revision: 2, title: 'a moment later' }]);
  // What has happened since is not kept: another has to be made.
  await shelves.pool.query('DELETE FROM outbox WHERE owner_id = $1', [shelfId]);
  expect((await since(shelfId, null)).cursor).not.toBe(one.cursor);
});

test('a part that is not kept any more, or of another list, is refused; another snapshot can be had', async () => {
  const shelfId = await filled(6_000);
  const { cursor } = await since(shelfId, null);
  const expired = { code: 'SNAPSHOT_EXPIRED' };
  await expect(since(await filled(1), cursor)).rejects.toMatchObject(expired);
  await shelves.pool.query("UPDATE live_list_snapshot SET created_at = now() - interval '1 hour'");
  await expect(since(shelfId, cursor)).rejects.toMatchObject(expired);
  expect(pagesOf(await rest(shelfId, await since(shelfId, null))).at(-1)).toMatchObject({ complete: true });
  // Making it has swept.
  const { rows } = await shelves.pool.query('SELECT FROM live_list_snapshot WHERE owner_id = $1', [shelfId]);
  expect(rows).toHaveLength(1);
});
