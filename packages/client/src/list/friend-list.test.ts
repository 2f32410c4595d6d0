import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Friend, FriendListChange } from '../api/list-change.ts';
import { compareFriends, FriendList, Hole } from './friend-list.ts';

const friend = (id: string, changed: Partial<Friend> = {}): Friend => ({
  user: { id, nickname: id, avatarUrl: null },
  remark: null,
  displayName: id,
  pinned: false,
  tags: [],
  since: '2026-01-01T00:00:00.000Z',
  ...changed,
});
const place = (revision: number) => ({ revision, cursor: `c${revision}`, occurredAt: '2026-01-01T00:00:00.000Z' });
const page = (revision: number, friends: Friend[], complete: boolean): FriendListChange => ({
  __typename: 'FriendListSnapshot',
  ...place(revision),
  reason: 'SUBSCRIBED',
  friends,
  requests: [],
  complete,
});
const added = (revision: number, of: Friend): FriendListChange => ({
  __typename: 'FriendAdded',
  ...place(revision),
  friend: of,
});
const removed = (revision: number, userId: string): FriendListChange => ({
  __typename: 'FriendRemoved',
  ...place(revision),
  userId,
});

test('a snapshot shows nothing until its last page is there', () => {
  const list = new FriendList();
  expect(list.apply(page(7, [friend('a')], false))).toBe(false);
  expect(list.friends).toEqual([]);
  expect(list.cursor).toBeNull();
  expect(list.apply(page(7, [friend('b')], true))).toBe(true);
  expect(list.friends.map(({ user }) => user.id)).toEqual(['a', 'b']);
  expect([list.revision, list.cursor]).toEqual([7, 'c7']);
});

test('pages of a snapshot that was cut off are forgotten', () => {
  const list = new FriendList();
  list.apply(page(7, [friend('a')], false));
  list.interrupted();
  list.apply(page(7, [friend('b')], true));
  expect(list.friends.map(({ user }) => user.id)).toEqual(['b']);
});

test('a change that came before is ignored, and one too far ahead is a hole that changes nothing', () => {
  const list = new FriendList();
  list.apply(page(3, [], true));
  expect(list.apply(added(3, friend('x')))).toBe(false);
  expect(() => list.apply(added(5, friend('x')))).toThrow(Hole);
  expect([list.revision, list.friends.length]).toEqual([3, 0]);
});

test('a new snapshot replaces the list, even by an older revision', () => {
  const list = new FriendList();
  list.apply(page(9, [friend('a')], true));
  list.apply(page(2, [friend('b')], true));
  expect([list.revision, list.friends[0]?.user.id]).toEqual([2, 'b']);
});

test('what was saved is where the list goes on', () => {
  const list = new FriendList();
  list.apply(page(3, [friend('b'), friend('a')], true));
  const again = new FriendList(list.save());
  again.apply(added(4, friend('c')));
  expect(again.friends.map(({ user }) => user.id)).toEqual(['a', 'b', 'c']);
});

test('the order is that of the API, whatever the locale: digit by digit, folded, emoji behind everything', () => {
  const names = ['onion', '10', '2', 'angel', 'Ångström', 'ﬀ', 'O’Neil', 'Zoë', '李', '\ufffd', '😀'];
  const list = new FriendList();
  const friends = names.map((displayName, at) => friend(String(at), { displayName, pinned: displayName === 'onion' }));
  list.apply(page(1, friends.toReversed(), true));
  expect(list.friends.map(({ displayName }) => displayName)).toEqual(names);
});

test('whatever the changes, the list holds what they say, in display order', () => {
  const person = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const step = fc.oneof(
    fc.record({ put: person, pinned: fc.boolean(), displayName: fc.string({ maxLength: 4 }) }),
    fc.record({ remove: person }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const list = new FriendList();
      const model = new Map<string, Friend>();
      list.apply(page(1, [], true));
      steps.forEach((each, at) => {
        const revision = at + 2;
        if ('put' in each) {
          const now = friend(each.put, { pinned: each.pinned, displayName: each.displayName });
          model.set(each.put, now);
          list.apply({ __typename: 'FriendChanged', ...place(revision), friend: now });
        } else {
          model.delete(each.remove);
          list.apply(removed(revision, each.remove));
        }
      });
      expect(list.friends).toEqual([...model.values()].sort(compareFriends));
    }),
  );
});
