import { describe, expect, test } from 'vitest';
import { aShelf, changedAt, cursorAt, cursors, idOf, OWNER } from '../testing/list-in-memory.ts';
import { changesSince } from './changes-since.ts';
import type { SnapshotPage } from './live-list.ts';

const revisionsOf = ({ changes }: { changes: readonly { revision: number }[] }) => changes.map((each) => each.revision);

describe('with a cursor', () => {
  test('every change since is answered once, in order, page by page, until the list’s end', async () => {
    const history = aShelf(3, 25);
    let cursor = cursorAt(2);
    const seen: number[] = [];
    for (;;) {
      const delta = await changesSince(history, OWNER, cursor, 10);
      seen.push(...revisionsOf(delta));
      expect(delta.changes.length).toBeLessThanOrEqual(10);
      expect(delta.changes.map((change) => cursors.read(change.cursor)?.revision)).toEqual(revisionsOf(delta));
      expect(cursors.read(delta.cursor)).toMatchObject({ revision: delta.revision, complete: true });
      cursor = delta.cursor;
      if (!delta.hasMore) break;
    }
    expect(seen).toEqual(Array.from({ length: 23 }, (_, at) => at + 3));
  });

  test('a page that ends exactly at the list’s end says that there is no more', async () => {
    const delta = await changesSince(aShelf(3, 12), OWNER, cursorAt(2), 10);
    expect(revisionsOf(delta)).toHaveLength(10);
    expect(delta.hasMore).toBe(false);
  });

  test('at the list’s end there is nothing, and the cursor stays', async () => {
    const delta = await changesSince(aShelf(3, 7), OWNER, cursorAt(7), 10);
    expect(delta).toEqual({ changes: [], cursor: cursorAt(7), revision: 7, hasMore: false });
  });

  test.each([
    ['at the front', (revision: number) => revision > 5],
    ['in the middle', (revision: number) => revision !== 8],
    ['at the end', (revision: number) => revision < 20],
    ['everywhere', () => false],
  ])('history that is gone %s is a snapshot, never a hole', async (_, kept) => {
    const delta = await changesSince(aShelf(3, 20, kept), OWNER, cursorAt(2), 100);
    expect(delta.changes).toMatchObject([{ reason: 'CURSOR_EXPIRED', revision: 20 }]);
  });

  test('a hole beyond the page is for the next page to find', async () => {
    const delta = await changesSince(
      aShelf(3, 20, (revision) => revision !== 15),
      OWNER,
      cursorAt(2),
      5,
    );
    expect(revisionsOf(delta)).toEqual([3, 4, 5, 6, 7]);
  });

  test.each([
    ['of another’s list', cursorAt(2, { ownerId: idOf(2) })],
    ['of another timeline', cursorAt(2, { timeline: idOf(98) })],
    ['from the future', cursorAt(21)],
    ['that nobody wrote', 'nonsense'],
    ['that is empty', ''],
  ])('%s, a snapshot says that it is invalid', async (_, cursor) => {
    const delta = await changesSince(aShelf(3, 20), OWNER, cursor, 10);
    expect(delta.changes).toMatchObject([{ reason: 'CURSOR_INVALID' }]);
  });

  test('from inside a snapshot, the snapshot begins again', async () => {
    const delta = await changesSince(aShelf(3, 20), OWNER, cursorAt(20, { complete: false }), 10);
    expect(delta.changes).toMatchObject([{ reason: 'SUBSCRIBED', complete: true }]);
  });
});

describe('a snapshot', () => {
  const snapshotOf = async (books: number, revision: number) => {
    const delta = await changesSince(aShelf(books, revision), OWNER, null, 1);
    return { delta, pages: delta.changes as readonly SnapshotPage<{ books: readonly string[] }>[] };
  };

  test('comes in pages of one revision, of which only the last is complete', async () => {
    const { delta, pages } = await snapshotOf(450, 1_000);
    expect(pages.map(({ books }) => books.length)).toEqual([200, 200, 50]);
    expect(pages.map(({ complete }) => complete)).toEqual([false, false, true]);
    expect(new Set(pages.map(({ revision }) => revision))).toEqual(new Set([1_000]));
    expect(new Set(pages.flatMap(({ books }) => books)).size).toBe(450);
    expect(pages.map(({ cursor }) => cursors.read(cursor)?.complete)).toEqual([false, false, true]);
    expect(delta).toMatchObject({ cursor: pages[2]?.cursor, revision: 1_000, hasMore: false });
  });

  test('of an empty list is one empty, complete page', async () => {
    const { pages } = await snapshotOf(0, 0);
    expect(pages).toMatchObject([{ books: [], complete: true, reason: 'SUBSCRIBED', revision: 0 }]);
  });
});

test.each([
  ['of another list', [{ ...changedAt(6), ownerId: idOf(2) }]],
  ['out of order', [changedAt(7), changedAt(6)]],
  ['twice', [changedAt(6), changedAt(6)]],
])('a history %s stops the query (S14)', async (_what, events) => {
  const shelf = aShelf(3, 7);
  const list = { ...shelf, history: { ...shelf.history, events: async () => events } };
  await expect(changesSince(list, OWNER, cursorAt(5), 10)).rejects.toMatchObject({
    code: 'LIST_BROKEN',
    holds: 'the history of a list is its own, in order (S14)',
  });
  const counted: string[] = [];
  const told = { ...list, onBroken: ({ holds }: { holds: string }) => void counted.push(holds) };
  await expect(changesSince(told, OWNER, cursorAt(5), 10)).rejects.toThrow('(S14)');
  expect(counted).toHaveLength(1);
});
