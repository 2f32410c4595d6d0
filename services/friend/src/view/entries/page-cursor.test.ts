import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyText } from '../testing/any-text.ts';
import { aFriend } from '../testing/lists-in-memory.ts';
import { BadPageCursor, readCursor, writeCursor } from './page-cursor.ts';
import { memberOf, nameKey, newestKey } from './sort-keys.ts';

test('a cursor is read back as the member it was written for, whatever the name', () => {
  fc.assert(
    fc.property(anyText({ minLength: 1, maxLength: 64 }), fc.boolean(), (nickname, pinned) => {
      const friend = aFriend(1, { nickname, pinned });
      const byName = memberOf(nameKey(friend), friend.userId);
      const newest = memberOf(newestKey(friend), friend.userId);
      expect(readCursor('NAME', writeCursor('NAME', byName))).toBe(byName);
      expect(readCursor('NEWEST', writeCursor('NEWEST', newest))).toBe(newest);
    }),
  );
});

test('the cursor of the longest possible name is short enough to be read', () => {
  const friend = aFriend(1, { nickname: '\ufdfa'.repeat(64) });
  const member = memberOf(nameKey(friend), friend.userId);
  expect(readCursor('NAME', writeCursor('NAME', member))).toBe(member);
});

test.each([
  ['empty', ''],
  ['not base64url', 'a b'],
  ['not UTF-8', Buffer.from([0x6e, 0x30, 0xff, 0x00, 0x41]).toString('base64url')],
  ['of the other order', writeCursor('NEWEST', memberOf(newestKey(aFriend(1)), aFriend(1).userId))],
  ['without an id', writeCursor('NAME', '1anna')],
  ['with an empty id', writeCursor('NAME', '1anna\0')],
  ['with two ids', writeCursor('NAME', '1anna\0x\0y')],
  ['without the pin', writeCursor('NAME', 'anna\0x')],
  ['with a line break', writeCursor('NAME', '1an\nna\0x')],
  ['too long', writeCursor('NAME', `1${'a'.repeat(2_000)}\0x`)],
])('a cursor that is %s is refused by name', (_, cursor) => {
  expect(() => readCursor('NAME', cursor)).toThrow(BadPageCursor);
});

test('no text at all makes anything but a member or BadPageCursor', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (cursor) => {
      try {
        expect(readCursor('NAME', cursor)).toMatch(/^[01]/);
      } catch (error) {
        expect(error).toBeInstanceOf(BadPageCursor);
      }
    }),
  );
});
