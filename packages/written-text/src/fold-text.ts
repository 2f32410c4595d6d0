/** Typed in a dozen ways and left out as often; before the decomposition, which makes a space of some of them. */
const APOSTROPHES =
  /['`\u00b4\u2018\u2019\u201b\u2032\u02b9\u02bb-\u02bf\u02c8\u055a\u05f3\u07f4\u07f5\ua78b\ua78c\u1fef\u1ffd\uff07\uff40]/gu;

/**
 * Accents: the marks that scripts share, and the points of those that most writers leave out. A Hindi or Thai vowel sign
 * is a letter to its readers and stays, and so do the two marks that tell ハ from バ and パ.
 */
const ACCENTS =
  /(?=[\p{Mn}\p{Me}])(?![\u3099\u309a])[\p{Script=Inherited}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}]/gu;

/**
 * Nothing that shows, but line breaks and tabs are spaces: also Braille's empty cell and music's empty notehead, symbols by
 * category, and what stretches a word in Arabic.
 */
const INVISIBLE = /(?![\t\n\v\f\r])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u0640]/gu;

/** Letters that no normal form takes apart, as people without them on the keyboard write them. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ħ: 'h', ı: 'i', ŧ: 't', ŋ: 'n', ƶ: 'z' },
  ...{ ƀ: 'b', ȼ: 'c', ɖ: 'd', ɇ: 'e', ǥ: 'g', ɨ: 'i', ɉ: 'j', ƚ: 'l', ɍ: 'r', ʉ: 'u', ɏ: 'y', ɓ: 'b', ɗ: 'd', ƙ: 'k' },
  // Small capitals: the one style of letters whose members have no compatibility form.
  ...{ ᴀ: 'a', ʙ: 'b', ᴄ: 'c', ᴅ: 'd', ᴇ: 'e', ꜰ: 'f', ɢ: 'g', ʜ: 'h', ɪ: 'i', ᴊ: 'j', ᴋ: 'k', ʟ: 'l', ᴍ: 'm', ɴ: 'n' },
  ...{ ᴏ: 'o', ᴘ: 'p', ꞯ: 'q', ʀ: 'r', ꜱ: 's', ᴛ: 't', ᴜ: 'u', ᴠ: 'v', ᴡ: 'w', ʏ: 'y', ᴢ: 'z' },
  // Lower case writes a sigma differently at the end of a word; to a search it is the same letter.
  ς: 'σ',
  // Persian and Arabic keyboards write these three apart; ة is written as ه as often as not.
  ...{ ی: 'ي', ى: 'ي', ک: 'ك', ة: 'ه' },
};
const WITHOUT_PLAIN = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'gu');

/** White letters on black discs and squares: no compatibility form takes these apart either. */
const WHITE_ON_BLACK = /[\u{1f150}-\u{1f169}\u{1f170}-\u{1f189}]/gu;

/** Half a character. What `toWellFormed` does with one, which came after ES2022 and is missing on older phones. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** No apostrophe, nothing to decompose, no control character: the most of names, and no more than lower case to do. */
const SIMPLE = /^[ !-&(-_a-~]*$/;

/**
 * Case folding for matching (Unicode UAX #15 NFKD, then UAX #44 case mappings): compatibility forms taken apart, accents,
 * apostrophes and what does not show dropped, one case, plain letters, single spaces. The one folding of all that is
 * searched, filtered and sorted. Folding twice is folding once; nothing folded holds a control character, so these are
 * free to be separators. A text that folds to nothing is found by nothing and finds nothing.
 */
export function foldText(text: string): string {
  if (SIMPLE.test(text)) return text.toLowerCase().replace(/ {2,}/g, ' ').trim();
  return (
    text
      .replace(LONE_SURROGATES, '\ufffd')
      .replace(APOSTROPHES, '')
      .replace(WHITE_ON_BLACK, bare)
      .normalize('NFKD')
      .replace(APOSTROPHES, '')
      .replace(INVISIBLE, '')
      .replace(ACCENTS, '')
      // Up and down again: one lower case for letters of which several share a capital.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .replace(WITHOUT_PLAIN, (letter) => PLAIN[letter] ?? letter)
      .replace(/\s+/gu, ' ')
      .trim()
  );
}

function bare(enclosed: string): string {
  return String.fromCharCode(97 + (((enclosed.codePointAt(0) ?? 0) - 0x1f150) % 32));
}

/** The text with a space for each apostrophe: `O’Neil` is also looked for as `Neil`. */
export function partAtApostrophes(text: string): string {
  return text.replace(APOSTROPHES, ' ');
}

/** Empty, or white space alone: nobody has asked for anything. A zero-width character is something that was asked for. */
export function saysNothing(text: string): boolean {
  return !/\P{White_Space}/u.test(text);
}
