import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareCodePoints, compareInNameOrder, compareInNewestOrder, nameKey, newestKey } from './order-friends.ts';

// The library's own `binary` unit takes seconds to set up.
const anyCharacter = fc.integer({ max: 0x10ffff, min: 0 }).map((code) => String.fromCodePoint(code).toWellFormed());
const anyText = fc.string({ unit: anyCharacter, maxLength: 10 });
const friend = (id: string, changed: { displayName?: string; pinned?: boolean; since?: string } = {}) => ({
  user: { id },
  pinned: false,
  displayName: id,
  since: '2026-01-01T00:00:00.000Z',
  ...changed,
});

test('code points are in the order of UTF-8 bytes, beyond the basic plane too', () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      expect(Math.sign(compareCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  expect(compareCodePoints('\u{1f600}', '\uffee')).toBeGreaterThan(0);
  expect(compareCodePoints('a\u{1f600}', 'a\u{1f601}')).toBeLessThan(0);
});

test('by name: pinned first, then digit by digit, folded, emoji last, and two of one name by id', () => {
  const names = ['10', '2', 'ann', 'Ånn', 'Zoë', 'ﬀ', '李', '😀'];
  const friends = names.map((displayName, at) => friend(String(at), { displayName }));
  const pinned = friend('9', { displayName: 'zz', pinned: true });
  const sorted = [...friends, pinned].reverse().sort(compareInNameOrder);
  expect(sorted.map(({ displayName }) => displayName)).toEqual(['zz', '10', '2', 'ann', 'Ånn', 'ﬀ', 'Zoë', '李', '😀']);
});

test('newest first, whatever the digits after the second, and two of one instant by id', () => {
  const friends = [
    friend('1', { since: '1969-07-20T20:17:00Z' }),
    friend('2', { since: '2026-01-01T00:00:00.001Z' }),
    friend('4', { since: '2026-01-01T00:00:00Z' }),
    friend('3', { since: '2026-01-01T00:00:00.000Z' }),
  ];
  expect(friends.sort(compareInNewestOrder).map(({ user }) => user.id)).toEqual(['2', '3', '4', '1']);
});

test('no key grows without bound', () => {
  const longest = '\ufdfa'.repeat(64);
  expect([...nameKey({ pinned: false, displayName: longest })].length).toBeLessThanOrEqual(129);
  expect(newestKey({ since: '1969-07-20T20:17:00Z' })).toHaveLength(17);
});
