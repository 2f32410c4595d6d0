import { expect, test } from 'vitest';
import { hasSomethingToSee, isOneLine, keepsItsDirection } from './is-fit-to-show.ts';

test.each([
  '\u3164',
  '\u115f',
  '\u1160',
  '\u115f\u1160',
  '\uffa0',
  '\u2800',
  '\u{1d159}',
  '\u0301',
  '\u0301\u0308',
  '\u200b',
  '\u00ad',
  '\u200d',
  '\u2060',
  '\ufeff',
  '\u180e',
  '\u034f',
  '\u17b4',
  '\u17b5',
  '\ufe0f',
  '\u{e0041}',
  '\u{e0100}',
  '\u{1d173}',
  '\u2063',
  '\u061c',
  '\u206a',
  '\ufffc',
  '\u{13441}',
  '\u{13442}',
  '\u0903',
  '\u20dd',
  '\u3000',
  ' ',
  '',
  '\u3164\u200b\u2800 \u00ad',
])('%j shows nothing', (text) => {
  expect(hasSomethingToSee(text)).toBe(false);
});

test.each([
  'a',
  '0',
  '.',
  '♥',
  '😀',
  '👩‍👩‍👧‍👦',
  '👍🏽',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  '안녕',
  'ㅋㅋ',
  'ﾊ',
  'कि',
  'e\u0301',
  '\u3164x',
  'مُ',
  '⠁',
  '𝅘𝅥',
])('%j can be seen', (text) => {
  expect(hasSomethingToSee(text)).toBe(true);
});

test.each(['a\u0000b', 'a\nb', 'a\tb', 'a\u007fb', 'a\u0085b', 'a\u2028b', 'a\u2029b', 'a\ud800b', '\udfff'])(
  '%j is no line of text',
  (text) => {
    expect(isOneLine(text)).toBe(false);
  },
);

test.each([
  ['an override to the left', 'ann\u202egpj.exe'],
  ['an override to the right', '\u202dann'],
  ['an override that is closed', '\u202eann\u202c'],
  ['an embedding left open', '\u202bann'],
  ['an isolate left open', '\u2067ann'],
  ['an isolate closed as an embedding', '\u2068ann\u202c'],
  ['an embedding closed as an isolate', '\u202aann\u2069'],
  ['a closing one too many', '\u2068ann\u2069\u2069'],
  ['a closing one alone', 'ann\u202c'],
  ['two that cross', '\u2068\u202aann\u2069\u202c'],
])('%s turns the text around it', (_, text) => {
  expect(keepsItsDirection(text)).toBe(false);
});

test.each([
  'ann',
  'أحمد',
  'שלום',
  '\u2068ann\u2069',
  '\u202aann\u202c',
  '\u2067\u202aann\u202c\u2069',
  'ann\u200f',
  '\u061cann',
])('%j keeps to itself', (text) => {
  expect(keepsItsDirection(text)).toBe(true);
});
