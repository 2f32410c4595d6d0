import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldText, saysNothing } from './fold-text.ts';

// The library's own `binary` unit takes seconds to set up.
const anyCharacter = fc.integer({ max: 0x10ffff, min: 0 }).map((code) => String.fromCodePoint(code).toWellFormed());
const anyText = fc.string({ unit: anyCharacter, maxLength: 40 });
// Of the ideographs and syllables, which are many and alike, the first thousand of each script.
const everyLetter = Array.from({ length: 0x20000 }, (_, code) => code)
  .filter((code) => (code < 0x3800 || code > 0x9fff) && (code < 0xb000 || code > 0xd7ff))
  .map((code) => String.fromCodePoint(code))
  .filter(
    (each) => /[^\p{Cn}\p{Co}\p{Cs}]/u.test(each) && !/[\p{Script=Tangut}\p{Script=Egyptian_Hieroglyphs}]/u.test(each),
  );

test('half a character is folded as the replacement character, and whole ones stay whole', () => {
  for (const text of ['a\ud800b', '\udc00', '\ud800', '\udc00\ud800', '\ud83d\ude00', '\ud800\ud83d\ude00\udc00'])
    expect(foldText(text)).toBe(foldText(text.toWellFormed()));
  expect(foldText('\ud800')).toBe('\ufffd');
});

test.each([
  ['styled letters', ['ada', '𝓪𝓭𝓪', '𝐀𝐝𝐚', '𝔸𝔻𝔸', 'ⓐⓓⓐ', 'ＡＤＡ', '🅐🅓🅐', '🅰🅳🅰', 'ᴀᴅᴀ', 'ᴬᴰᴬ']],
  ['a final sigma', ['οδυσσευσ', 'Οδυσσεύς', 'ΟΔΥΣΣΕΥΣ', 'οδυσσεύσ']],
  ['ß', ['gross', 'Groß', 'GROSS', 'GROẞ', 'groſs']],
  ['Ł', ['lukasz', 'Łukasz', 'łukasz', 'ŁUKASZ', 'Lukasz']],
  ['i with and without its dot', ['isik', 'Işık', 'ışık', 'IŞIK', 'İSİK', 'isik', 'i̇sik']],
  ['ligatures', ['office fluss stil ijs', 'oﬃce ﬂuß ﬆil ĳs', 'OFFICE FLUSS STIL IJS']],
  ['æ, œ, ø, đ, þ', ['aeoeodth', 'æœøđþ', 'ÆŒØĐÞ', 'ǽœǿđþ']],
  ['apostrophes', ['oneil', "O'Neil", 'O’Neil', 'O‘Neil', 'OʼNeil', 'O＇Neil', 'O`Neil', 'O´Neil', 'O′Neil', 'ONeil']],
  ['the ʻokina', ['hawaii', 'Hawaiʻi', "Hawai'i", 'Hawaiʽi', 'HAWAII']],
  ['ŉ', ['ndlovu', 'ŉdlovu', "'ndlovu", 'ʼndlovu']],
  ['accents, composed or not', ['eloise', 'Éloïse', 'E\u0301loi\u0308se', 'ÉLOÏSE']],
  ['Vietnamese', ['nguyen', 'Nguyễn', 'Nguye\u0302\u0303n', 'NGUYỄN']],
  [
    'what does not show',
    ['ann', 'a\u200bn\u00adn', 'a\u2060n\ufeffn', '\u202eann\u202c', 'a\u115fn\u3164n', 'a\u2800nn\ufe0f', 'a\0nn'],
  ],
  ['white space', ['two words', '  two \t words ', 'two\u00a0words', 'two\u3000words', 'two\nwords']],
  ['half and full width', ['ガンダム', 'ｶﾞﾝﾀﾞﾑ', 'カ\u3099ンタ\u3099ム']],
  ['Hangul, composed or not', ['김철수', '김철수'.normalize('NFD')]],
  ['points of Hebrew and Arabic', ['שלום', 'שָׁלוֹם']],
  ['points and the stretching of Arabic', ['محمد', 'مُحَمَّد', 'محـــمد']],
  ['Persian and Arabic keyboards', ['علي كريمي', 'علی کریمی', 'على كريمى']],
])('%s: one word, however it is written', (_, spellings) => {
  const folded = foldText(spellings[0]!);
  for (const spelling of spellings) expect(foldText(spelling), spelling).toBe(folded);
});

test('what others write as different letters stays different', () => {
  expect(foldText('कि')).not.toBe(foldText('कु'));
  expect(new Set(['ハ', 'バ', 'パ'].map(foldText)).size).toBe(3);
  expect(foldText('😀')).not.toBe(foldText('🍣'));
});

test('what shows nothing folds to nothing', () => {
  const nothing = [
    '\u200b',
    '\u00ad',
    '\u2060',
    '\ufeff',
    '\u3164',
    '\u115f',
    '\u1160',
    '\uffa0',
    '\u2800',
    '\u0301',
    '\u034f',
    ' ',
    '\0',
  ];
  expect(nothing.map(foldText)).toEqual(nothing.map(() => ''));
  expect(nothing.filter(saysNothing)).toEqual([' ']);
  expect(saysNothing('')).toBe(true);
});

test('every letter: folding twice is folding once, and upper and lower case are one', () => {
  const changing = everyLetter.filter((each) => foldText(foldText(each)) !== foldText(each));
  expect(changing).toEqual([]);
  const differing = everyLetter.filter((each) => {
    const folded = foldText(each);
    return foldText(each.toUpperCase()) !== folded || foldText(each.toLowerCase()) !== folded;
  });
  // Its capitals write a full iota where small letters have one below, which counts as an accent.
  expect(differing.filter((each) => !each.normalize('NFD').includes('\u0345'))).toEqual([]);
});

test('whatever the text: one folding for composed and decomposed, twice is once, and no control character is left', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const folded = foldText(text);
      expect(foldText(folded)).toBe(folded);
      for (const form of ['NFC', 'NFD']) expect(foldText(text.normalize(form))).toBe(folded);
      expect(folded).not.toMatch(/\p{Cc}/u);
      expect(folded.isWellFormed()).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('plain letters take the short way to the same result', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 40 }), (text) => {
      // A mark at the end sends it the long way, and folds to nothing.
      expect(foldText(text)).toBe(foldText(`${text}\u0301`));
    }),
  );
});
