import fc from 'fast-check';

/** Any code point at all, lone surrogates included. (The library's own `binary` unit takes seconds to set up.) */
const anyCodePoint = fc.integer({ min: 0, max: 0x10ffff }).map((codePoint) => String.fromCodePoint(codePoint));

/** One that sorts before or after others depending on who sorts: by bytes, by UTF-16 units, with or without accents. */
const aTroublemaker = fc.constantFrom(
  'a',
  'A',
  'ä',
  'b',
  ' ',
  '\0',
  '\n',
  '\u{1f600}',
  '\uffee',
  'ש',
  'م',
  'कि',
  'ﷺ',
  '\u202e',
  '\ud800',
  'ς',
  'İ',
);

export function anyText(lengths: { minLength?: number; maxLength: number }): fc.Arbitrary<string> {
  return fc.string({ unit: fc.oneof(anyCodePoint, aTroublemaker), ...lengths });
}
