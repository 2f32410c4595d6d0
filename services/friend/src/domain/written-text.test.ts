import { expect, test } from 'vitest';
import { writtenTags, writtenText } from './written-text.ts';

const badInput = (details: object) => expect.objectContaining({ code: 'BAD_USER_INPUT', details });

test('text is trimmed, and nothing left of it is null', () => {
  expect(writtenText('remark', '  Bobby \n', 64)).toBe('Bobby');
  expect(['', '  ', '\n', null, undefined].map((text) => writtenText('remark', text, 64))).toEqual(Array(5).fill(null));
});

test('the limit counts characters, so that an emoji is one', () => {
  const longest = '🦊'.repeat(64);
  expect(writtenText('remark', longest, 64)).toBe(longest);
  expect(() => writtenText('remark', `${longest}x`, 64)).toThrow(badInput({ field: 'remark', limit: 64 }));
  expect(() => writtenText('remark', 'x'.repeat(1_000_000), 64)).toThrow(badInput({ field: 'remark', limit: 64 }));
});

test.each(['a\u0000b', 'a\nb', 'a\tb', 'a\u007fb', 'a\u0085b', 'a\u2028b', 'a\ud800b', '\udfff'])(
  '%j is no line of text',
  (text) => {
    expect(() => writtenText('message', text, 200)).toThrow(badInput({ field: 'message' }));
  },
);

test('one text has one spelling: composed, and counted so', () => {
  expect(writtenText('remark', 'Zoe\u0308', 64)).toBe('Zo\u00eb');
  expect(writtenTags(['caf\u00e9', 'cafe\u0301'])).toEqual(['caf\u00e9']);
  expect(writtenText('remark', 'e\u0301'.repeat(64), 64)).toBe('\u00e9'.repeat(64));
  expect(() => writtenText('remark', 'e\u0301'.repeat(65), 64)).toThrow(badInput({ field: 'remark', limit: 64 }));
});

test.each([
  '\u200b',
  '\u00ad',
  '\ufeff',
  ' \u2060 ',
  '\u3164',
  '\u115f\u1160',
  '\uffa0',
  '\u2800',
  '\u{1d159}',
  '\u0301',
  '\u20dd',
])('%j shows nothing, and is refused as remark, message and tag', (text) => {
  expect(() => writtenText('remark', text, 64)).toThrow(badInput({ field: 'remark' }));
  expect(() => writtenText('message', text, 200)).toThrow(badInput({ field: 'message' }));
  expect(() => writtenTags(['work', text])).toThrow(badInput({ field: 'tags' }));
});

test.each(['ann\u202egpj', '\u2067ann', 'ann\u2069'])('%j turns the text around it, and is refused', (text) => {
  expect(() => writtenText('remark', text, 64)).toThrow(badInput({ field: 'remark' }));
  expect(() => writtenTags([text])).toThrow(badInput({ field: 'tags' }));
});

test('tags are trimmed, once each, in the order given', () => {
  expect(writtenTags([' work ', 'home', 'work', '', '  '])).toEqual(['work', 'home']);
});

test('ten tags are allowed and eleven are not; repeated and empty ones do not count', () => {
  const ten = Array.from({ length: 10 }, (_, number) => `tag ${number}`);
  expect(writtenTags([...ten, ...ten, ''])).toEqual(ten);
  expect(() => writtenTags([...ten, 'one more'])).toThrow(badInput({ field: 'tags', limit: 10 }));
});

test('a tag that is too long, or no text, names the field', () => {
  expect(() => writtenTags(['x'.repeat(33)])).toThrow(badInput({ field: 'tags', limit: 32 }));
  expect(() => writtenTags(['a\u0000'])).toThrow(badInput({ field: 'tags' }));
});
