import { foldText, partAtApostrophes } from '@kith/written-text';

/**
 * The words of a text, folded. Spaces, punctuation (so the _ of a username) and invisible characters separate words.
 * Each word once, in the order of the text, followed by the parts of words with an apostrophe, which are searched too.
 */
export function wordsOf(text: string): string[] {
  return [...new Set([...splitWords(text), ...splitWords(partAtApostrophes(text))])];
}

/** A cursor carries one word as its index position: characters beyond this are ignored. */
const MAX_WORD_CHARACTERS = 128;

function splitWords(text: string): string[] {
  return foldText(text)
    .split(/[\p{P}\p{Z}\p{C}]+/u)
    .filter((word) => word !== '')
    .map((word) => (word.length <= MAX_WORD_CHARACTERS ? word : [...word].slice(0, MAX_WORD_CHARACTERS).join('')));
}

/** The kind of word that a search word is a prefix of: the lower, the better the match. */
const WORD_KIND = { username: 0, firstOfNickname: 1, other: 2 } as const;

/** The words that a user is found by, each once, with its best kind. */
export function searchableWords(user: { username: string; nickname: string }): { word: string; kind: number }[] {
  const kinds = new Map<string, number>();
  const add = (word: string, kind: number) => {
    if (!kinds.has(word)) kinds.set(word, kind);
  };
  const [ofUsername, ofNickname] = [wordsOf(user.username), wordsOf(user.nickname)];
  for (const word of ofUsername.slice(0, 1)) add(word, WORD_KIND.username);
  for (const word of ofNickname.slice(0, 1)) add(word, WORD_KIND.firstOfNickname);
  for (const word of [...ofUsername, ...ofNickname, ...ofNickname.flatMap(wordsWithin)]) add(word, WORD_KIND.other);
  return [...kinds].map(([word, kind]) => ({ word, kind }));
}

/** Scripts without spaces between words, or between the words of a name. */
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Hangul}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}]/u;
/** No word begins with a mark, or with the vowel of a syllable that the folding has decomposed. */
const CONTINUES = /[\p{M}\u1160-\u11ff\ud7b0-\ud7ff]/u;

/**
 * Suffix index: where no space separates words, a word begins at every letter, so any part of a name is a prefix of one
 * of its suffixes. At most as many suffixes as a nickname has characters.
 */
function wordsWithin(word: string): string[] {
  const letters = [...word];
  return letters.flatMap((letter, at) => {
    const before = letters[at - 1];
    const begins = before !== undefined && (UNSPACED.test(letter) || UNSPACED.test(before)) && !CONTINUES.test(letter);
    return begins ? [letters.slice(at).join('')] : [];
  });
}
