import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold, inByteOrder, memberOf, nameKey, newestKey } from './sort-keys.ts';
import { anyText } from './testing/any-text.ts';
import { aFriend } from './testing/lists-in-memory.ts';

test.each([
  ['Éloïse', 'eloise'],
  ['ÅNGSTRÖM', 'angstrom'],
  ['İstanbul', 'istanbul'],
  ['ﬁne', 'fine'],
  ['ＷＩＤＥ', 'wide'],
  ['ΟΔΟΣ', 'οδοσ'],
  ['  two \t words ', 'two words'],
  ['zero\u200bwidth\u202e', 'zerowidth'],
  ['nul\0and\nline', 'nuland line'],
  ['spaces \u202e around', 'spaces around'],
  ['שָׁלוֹם', 'שלום'],
  ['مُحَمَّد', 'محمد'],
])('%j is compared as %j', (name, folded) => {
  expect(fold(name)).toBe(folded);
});

test('the vowel signs of scripts that write words with them are kept', () => {
  expect(fold('कि')).not.toBe(fold('कु'));
});

test('folding twice is folding once, whatever the text', () => {
  fc.assert(
    fc.property(anyText({ maxLength: 40 }), (text) => {
      expect(fold(fold(text))).toBe(fold(text));
    }),
  );
});

test('nothing folded holds a control character or grows without bound', () => {
  fc.assert(
    fc.property(anyText({ maxLength: 300 }), (text) => {
      expect(fold(text)).not.toMatch(/\p{Cc}/u);
      expect([...fold(text)].length).toBeLessThanOrEqual(128);
    }),
  );
  expect([...fold('\ufdfa'.repeat(64))]).toHaveLength(128);
});

test('a lone surrogate, which no UTF-8 can carry, is folded to what Redis would store', () => {
  expect(Buffer.from(fold('a\ud800b'), 'utf8').toString('utf8')).toBe(fold('a\ud800b'));
});

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
