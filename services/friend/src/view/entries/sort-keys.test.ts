import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyText } from '../testing/any-text.ts';
import { aFriend } from '../testing/lists-in-memory.ts';
import { inByteOrder, memberOf, nameKey, newestKey } from './sort-keys.ts';

test('byte order is what Redis sorts by, beyond the basic plane too', () => {
  fc.assert(
    fc.property(anyText({ maxLength: 10 }), anyText({ maxLength: 10 }), (a, b) => {
      const [wellA, wellB] = [a.toWellFormed(), b.toWellFormed()];
      const inRedis = Buffer.compare(Buffer.from(wellA), Buffer.from(wellB));
      const [x, y] = [inByteOrder(wellA), inByteOrder(wellB)];
      expect(Math.sign(x < y ? -1 : x > y ? 1 : 0)).toBe(inRedis);
    }),
  );
  expect(inByteOrder('\u{1f600}') > inByteOrder('\uffee')).toBe(true);
});

test('by name: pinned friends first, then the remark or else the nickname, then the id', () => {
  const friends = [
    aFriend(5, { nickname: 'anna' }),
    aFriend(4, { nickname: 'Ann' }),
    aFriend(3, { nickname: 'ann' }),
    aFriend(2, { nickname: 'aaron', remark: 'Zoë' }),
    aFriend(1, { nickname: 'zz', pinned: true }),
  ];
  expect(sortedBy(nameKey, friends)).toEqual([1, 3, 4, 5, 2]);
});

test('newest: the latest friendship first, then the id, pinned or not', () => {
  const friends = [
    aFriend(1, { since: '1969-07-20T20:17:00Z', pinned: true }),
    aFriend(2, { since: '2026-01-01T00:00:00.001Z' }),
    aFriend(4, { since: '2026-01-01T01:00:00Z' }),
    aFriend(3, { since: '2026-01-01T01:00:00.000Z' }),
  ];
  expect(sortedBy(newestKey, friends)).toEqual([3, 4, 2, 1]);
});

function sortedBy(keyOf: typeof nameKey, friends: ReturnType<typeof aFriend>[]): number[] {
  const members = friends.map((friend) => inByteOrder(memberOf(keyOf(friend), friend.userId)));
  return members.sort((a, b) => (a < b ? -1 : 1)).map((member) => Number(member.slice(-1)));
}
