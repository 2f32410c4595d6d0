import { expect, test } from 'vitest';
import { writtenAvatarUrl, writtenNickname, writtenPassword, writtenUsername } from './written-text.ts';

const refusal = (field: string, limit?: number) =>
  expect.objectContaining({ code: 'BAD_USER_INPUT', details: limit === undefined ? { field } : { field, limit } });

test('a username is trimmed and case-folded', () => {
  expect(writtenUsername('  Ann_7 ')).toBe('ann_7');
});

test.each([
  ['ab', 3],
  ['', 3],
  ['a'.repeat(33), 32],
])('the username "%s" passes the bound %i', (username, limit) => {
  expect(() => writtenUsername(username)).toThrow(refusal('username', limit));
});

test.each(['änn', 'ann bell', 'ann-bell', 'ann\u0000', '人人人', 'ann\n_'])(
  'the username %j is refused',
  (username) => {
    expect(() => writtenUsername(username)).toThrow(refusal('username'));
  },
);

test.each(['Ann', '安娜', 'أحمد', '👩‍👩‍👧‍👦', 'O’Neil-Smith, Jr.', 'x'.repeat(64), '😀'.repeat(64)])(
  '%s is a nickname',
  (nickname) => {
    expect(writtenNickname(` ${nickname} `)).toBe(nickname);
  },
);

test('a nickname is counted in code points', () => {
  expect(() => writtenNickname('😀'.repeat(65))).toThrow(refusal('nickname', 64));
  expect(() => writtenNickname('x'.repeat(1_000_000))).toThrow(refusal('nickname', 64));
});

test('one name has one spelling', () => {
  expect(writtenNickname('Zoe\u0308')).toBe('Zo\u00eb');
});

test.each(['', '   ', '\u3000'])('the nickname %j is empty', (nickname) => {
  expect(() => writtenNickname(nickname)).toThrow(refusal('nickname', 1));
});

test.each(['a\u0000b', 'a\nb', 'a\u007fb', 'a\u2028b', '\ud83d', '\u200b\u200d'])(
  'the nickname %j is refused',
  (nickname) => {
    expect(() => writtenNickname(nickname)).toThrow(refusal('nickname'));
  },
);

test.each([
  '\u3164',
  '\u115f\u1160',
  '\uffa0',
  '\u2800',
  '\u{1d159}',
  '\u0301',
  '\u00ad',
  '\u034f',
  '\u17b4',
  '\ufe0f',
  '\u{e0100}',
])('the nickname %j shows nothing, and is refused', (nickname) => {
  expect(() => writtenNickname(nickname)).toThrow(refusal('nickname'));
  expect(writtenNickname(`${nickname}x`)).toContain('x');
});

test.each(['ann\u202egpj', '\u202dann\u202c', '\u2067ann', 'ann\u2069'])(
  'the nickname %j turns the text around it, and is refused',
  (nickname) => {
    expect(() => writtenNickname(nickname)).toThrow(refusal('nickname'));
  },
);

test('a name copied with the isolates of a phone around it is a name', () => {
  expect(writtenNickname('\u2068Ann\u2069')).toBe('\u2068Ann\u2069');
});

test('a password has 8 to 128 characters, and is not trimmed', () => {
  expect(writtenPassword('password', ' spaces ')).toBe(' spaces ');
  expect(() => writtenPassword('newPassword', '1234567')).toThrow(refusal('newPassword', 8));
  expect(() => writtenPassword('password', 'x'.repeat(129))).toThrow(refusal('password', 128));
});

test('an avatar is an https URL, or nothing', () => {
  expect(writtenAvatarUrl(null)).toBeNull();
  expect(writtenAvatarUrl('https://example.org/a.png')).toBe('https://example.org/a.png');
});

test.each([
  'http://a.example/x',
  'javascript:alert(1)',
  'a.png',
  'https://',
  'https://me:pw@a.example/',
  'https://a.example/ x',
])('the avatar %s is refused', (url) => {
  expect(() => writtenAvatarUrl(url)).toThrow(refusal('avatarUrl'));
});

test('an avatar has at most 2048 characters', () => {
  expect(() => writtenAvatarUrl(`https://a.example/${'x'.repeat(2048)}`)).toThrow(refusal('avatarUrl', 2048));
});
