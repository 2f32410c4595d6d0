const CONTROL_CHARACTER = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * Letters, numbers, punctuation and symbols, but not those among them that are drawn as nothing: fillers (Hangul's, and
 * all that Unicode calls ignorable), Braille's empty cell, music's empty notehead, Egyptian blanks, the stand-in for an
 * object. A mark without a letter is none of them.
 */
const SOMETHING_TO_SEE =
  /(?![\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{1d159}\u{13441}\u{13442}])[\p{L}\p{N}\p{P}\p{S}]/u;

const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/gu;
const CLOSING_OF: Readonly<Record<string, string>> = {
  '\u202a': '\u202c',
  '\u202b': '\u202c',
  '\u2066': '\u2069',
  '\u2067': '\u2069',
  '\u2068': '\u2069',
};
const OVERRIDES = new Set(['\u202d', '\u202e']);

/** Shown on one line and stored as UTF-8: no control characters, NUL and line breaks included, no half surrogate pairs. */
export function isOneLine(text: string): boolean {
  return !CONTROL_CHARACTER.test(text) && text.isWellFormed();
}

/** Not only joiners, fillers and marks: such a name would look like no name at all. */
export function hasSomethingToSee(text: string): boolean {
  return SOMETHING_TO_SEE.test(text);
}

/**
 * Whether the text leaves the direction of what is shown around it alone (Unicode UAX #9): no override, which shows
 * letters in another order than they are written in, and every embedding and isolate closed where it was opened, as
 * phones write them around a copied name. The marks that only say a direction (U+200E, U+200F, U+061C) are welcome.
 */
export function keepsItsDirection(text: string): boolean {
  const open: string[] = [];
  for (const [character] of text.matchAll(DIRECTION)) {
    if (OVERRIDES.has(character)) return false;
    const closing = CLOSING_OF[character];
    if (closing !== undefined) open.push(closing);
    else if (open.pop() !== character) return false;
  }
  return open.length === 0;
}
