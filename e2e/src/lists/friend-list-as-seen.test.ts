import { expect, test } from 'vitest';
import { FriendListAsSeen, type SeenChange } from './friend-list-as-seen.ts';

const at = (revision: number) => ({ revision, cursor: `cursor ${revision}`, occurredAt: '2026-01-01T00:00:00.000Z' });
const friend = (id: string) => ({
  remark: null,
  displayName: id,
  pinned: false,
  tags: [],
  since: '2026-01-01T00:00:00.000Z',
  user: { id, nickname: id, avatarUrl: null },
});
const added = (revision: number, id: string): SeenChange => ({
  __typename: 'FriendAdded',
  ...at(revision),
  friend: friend(id),
});
const changed = (revision: number, id: string): SeenChange => ({ ...added(revision, id), __typename: 'FriendChanged' });
const removed = (revision: number, userId: string): SeenChange => ({
  __typename: 'FriendRemoved',
  ...at(revision),
  userId,
});
const page = (revision: number, ids: string[], more: Partial<SeenChange> = {}): SeenChange => ({
  __typename: 'FriendListSnapshot',
  ...at(revision),
  reason: 'SUBSCRIBED',
  friends: ids.map(friend),
  requests: [],
  complete: true,
  ...more,
});

/** Takes all of it; `null` stands for a lost connection. */
function see(changes: readonly (SeenChange | null)[], after: string | null = null): FriendListAsSeen {
  const list = new FriendListAsSeen(after);
  for (const change of changes) {
    if (change) list.take(change);
    else list.connectionLost();
  }
  return list;
}

test('a snapshot in pages and what follows it make the list', () => {
  const list = see([
    page(3, ['a', 'b'], { complete: false }),
    page(3, ['c']),
    removed(4, 'a'),
    added(5, 'd'),
    changed(6, 'b'),
  ]);
  expect(list.problems).toEqual([]);
  expect([...list.friends.keys()].toSorted()).toEqual(['b', 'c', 'd']);
  expect(list).toMatchObject({
    revision: 6,
    cursor: 'cursor 6',
    snapshots: [{ reason: 'SUBSCRIBED', revision: 3, pages: 2 }],
  });
});

test('a snapshot that was cut off half-way may start again', () => {
  const list = see([page(3, ['a'], { complete: false }), null, page(4, ['a', 'b']), added(5, 'c')]);
  expect(list.problems).toEqual([]);
});

test.each<[string, (SeenChange | null)[], RegExp]>([
  ['a hole', [page(3, ['a']), changed(5, 'a')], /hole: revision 5 follows 3/],
  ['a change that comes twice', [page(3, ['a']), changed(4, 'a'), changed(4, 'a')], /revision 4 again/],
  ['a change that the snapshot holds already', [page(3, ['a']), changed(3, 'a')], /revision 3 again/],
  ['a second snapshot for no reason', [page(3, ['a']), null, page(4, ['a'])], /though a cursor was given/],
  ['a snapshot that goes back', [page(3, ['a']), page(2, ['a'], { reason: 'CURSOR_EXPIRED' })], /goes back/],
  ['pages of two revisions', [page(3, ['a'], { complete: false }), page(4, ['b'])], /revisions 3 and 4/],
  ['a change between two pages', [page(3, ['a'], { complete: false }), added(4, 'b')], /middle of a snapshot/],
  ['a friend twice in a snapshot', [page(3, ['a'], { complete: false }), page(3, ['a'])], /something twice/],
  ['a friend added who is there', [page(3, ['a']), added(4, 'a')], /adds a friend who is there/],
  ['a change of nobody', [page(3, []), changed(4, 'a')], /changes a friend who is not there/],
  ['a removal of nobody', [page(3, []), removed(4, 'a')], /removes a friend who is not there/],
])('%s is a problem', (_what, changes, problem) => {
  expect(see(changes).problems.join()).toMatch(problem);
});

test('who starts with a cursor needs no snapshot, and is still held to order', () => {
  expect(see([changed(8, 'a'), changed(9, 'a')], 'cursor 7').problems).toEqual([]);
  expect(see([changed(8, 'a'), changed(10, 'a')], 'cursor 7').problems).toHaveLength(1);
});
