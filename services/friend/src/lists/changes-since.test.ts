import { describe, expect, test } from 'vitest';
import type { ListState } from '../view/entries/list-state.ts';
import { aFriend, aList, aRequest, idOf } from '../view/testing/lists-in-memory.ts';
import { changesSince, type ListHistory } from './changes-since.ts';
import type { FriendListEvent, FriendListSnapshot } from './list-change.ts';
import { readListCursor, writeListCursor } from './list-cursor.ts';

const OWNER = idOf(1);
const TIMELINE = idOf(99);

const cursorAt = (revision: number, more = {}) =>
  writeListCursor({ timeline: TIMELINE, ownerId: OWNER, revision, complete: true, ...more });

function changedAt(revision: number): FriendListEvent {
  const friend = aFriend(revision);
  return {
    id: idOf(revision),
    source: 'kith/friend',
    name: 'kith.friend.changed',
    ownerId: OWNER,
    revision,
    occurredAt: new Date(revision * 1_000),
    data: { before: friend, after: { ...friend, remark: `at ${revision}` } },
  };
}

/** A history of `revision` changes over a list; `kept` says which events the outbox still has. */
function aHistory(list: ListState, kept: (revision: number) => boolean = () => true): ListHistory {
  return {
    timeline: TIMELINE,
    revision: async () => list.revision,
    events: async (_ownerId, after, limit) =>
      Array.from({ length: list.revision - after }, (_, at) => after + 1 + at)
        .filter(kept)
        .slice(0, limit)
        .map(changedAt),
    whole: async () => list,
    people: async (ids) => new Map(ids.map((id) => [id, { nickname: `Nick ${id}`, avatarUrl: null }])),
    now: () => new Date('2026-01-01T00:00:00Z'),
  };
}

const revisionsOf = ({ changes }: { changes: readonly { revision: number }[] }) => changes.map((each) => each.revision);

describe('with a cursor', () => {
  test('every change since is answered once, in order, page by page, until the list’s end', async () => {
    const history = aHistory(aList(3, 25));
    let cursor = cursorAt(2);
    const seen: number[] = [];
    for (;;) {
      const delta = await changesSince(history, OWNER, cursor, 10);
      seen.push(...revisionsOf(delta));
      expect(delta.changes.length).toBeLessThanOrEqual(10);
      expect(delta.changes.map((change) => readListCursor(change.cursor)?.revision)).toEqual(revisionsOf(delta));
      expect(readListCursor(delta.cursor)).toMatchObject({ revision: delta.revision, complete: true });
      cursor = delta.cursor;
      if (!delta.hasMore) break;
    }
    expect(seen).toEqual(Array.from({ length: 23 }, (_, at) => at + 3));
  });

  test('a page that ends exactly at the list’s end says that there is no more', async () => {
    const delta = await changesSince(aHistory(aList(3, 12)), OWNER, cursorAt(2), 10);
    expect(revisionsOf(delta)).toHaveLength(10);
    expect(delta.hasMore).toBe(false);
  });

  test('at the list’s end there is nothing, and the cursor stays', async () => {
    const delta = await changesSince(aHistory(aList(3, 7)), OWNER, cursorAt(7), 10);
    expect(delta).toEqual({ changes: [], cursor: cursorAt(7), revision: 7, hasMore: false });
  });

  test.each([
    ['at the front', (revision: number) => revision > 5],
    ['in the middle', (revision: number) => revision !== 8],
    ['at the end', (revision: number) => revision < 20],
    ['everywhere', () => false],
  ])('history that is gone %s is a snapshot, never a hole', async (_, kept) => {
    const delta = await changesSince(aHistory(aList(3, 20), kept), OWNER, cursorAt(2), 100);
    expect(delta.changes).toMatchObject([{ __typename: 'FriendListSnapshot', reason: 'CURSOR_EXPIRED', revision: 20 }]);
  });

  test('a hole beyond the page is for the next page to find', async () => {
    const delta = await changesSince(
      aHistory(aList(3, 20), (revision) => revision !== 15),
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
    const delta = await changesSince(aHistory(aList(3, 20)), OWNER, cursor, 10);
    expect(delta.changes).toMatchObject([{ __typename: 'FriendListSnapshot', reason: 'CURSOR_INVALID' }]);
  });

  test('from inside a snapshot, the snapshot begins again', async () => {
    const delta = await changesSince(aHistory(aList(3, 20)), OWNER, cursorAt(20, { complete: false }), 10);
    expect(delta.changes).toMatchObject([{ __typename: 'FriendListSnapshot', reason: 'SUBSCRIBED', complete: true }]);
  });
});

describe('a snapshot', () => {
  const snapshotOf = async (list: ListState) => {
    const delta = await changesSince(aHistory(list), OWNER, null, 1);
    return { delta, pages: delta.changes as readonly FriendListSnapshot[] };
  };

  test('comes in pages of one revision, of which only the last is complete', async () => {
    const { delta, pages } = await snapshotOf({ ...aList(450, 1_000), requests: [aRequest(7)] });
    expect(pages.map(({ friends }) => friends.length)).toEqual([200, 200, 50]);
    expect(pages.map(({ complete }) => complete)).toEqual([false, false, true]);
    expect(new Set(pages.map(({ revision }) => revision))).toEqual(new Set([1_000]));
    expect(new Set(pages.flatMap(({ friends }) => friends.map(({ user }) => user.id))).size).toBe(450);
    expect(pages.map(({ cursor }) => readListCursor(cursor)?.complete)).toEqual([false, false, true]);
    expect(delta).toMatchObject({ cursor: pages[2]!.cursor, revision: 1_000, hasMore: false });
  });

  test('has the open requests on its first page, with both people', async () => {
    const { pages } = await snapshotOf({ ...aList(201), requests: [aRequest(7)] });
    expect(pages.map(({ requests }) => requests.length)).toEqual([1, 0]);
    expect(pages[0]!.requests[0]).toMatchObject({
      id: idOf(7),
      from: { id: idOf(1), nickname: `Nick ${idOf(1)}` },
      to: { id: idOf(2), nickname: `Nick ${idOf(2)}` },
    });
  });

  test('of an empty list is one empty, complete page', async () => {
    const { pages } = await snapshotOf(aList(0, 0));
    expect(pages).toMatchObject([{ friends: [], requests: [], complete: true, reason: 'SUBSCRIBED', revision: 0 }]);
  });
});

test.each([
  ['of another list', [{ ...changedAt(6), ownerId: idOf(2) }]],
  ['out of order', [changedAt(7), changedAt(6)]],
  ['twice', [changedAt(6), changedAt(6)]],
])('a history %s stops the query (S14)', async (_what, events) => {
  const history = { ...aHistory(aList(3, 7)), events: async () => events };
  await expect(changesSince(history, OWNER, cursorAt(5), 10)).rejects.toMatchObject({ invariant: 'S14' });
});
