/** Latin letters that no normal form takes apart, as people without them on the keyboard write them. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
};

/**
 * The words of a text, folded: lower case, without accents (NFKD without its marks). Spaces, punctuation (so the _ of a
 * username) and invisible characters separate words. Each word once, in the order of the text.
 */
export function wordsOf(text: string): string[] {
  const folded = text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøđðþłħı]/g, (letter) => PLAIN[letter] ?? letter);
  return [...new Set(folded.split(/[\p{P}\p{Z}\p{C}]+/u))].filter((word) => word !== '');
}

/** Which of a name's words a search word begins: the lower, the better the match. */
export const WORD_KIND = { username: 0, firstOfNickname: 1, other: 2 } as const;

/** The words that a user is found by, each once, as its best kind. */
export function searchableWords(user: { username: string; nickname: string }): { word: string; kind: number }[] {
  const kinds = new Map<string, number>();
  const add = (word: string, kind: number) => {
    if (!kinds.has(word)) kinds.set(word, kind);
  };
  const [ofUsername, ofNickname] = [wordsOf(user.username), wordsOf(user.nickname)];
  for (const word of ofUsername.slice(0, 1)) add(word, WORD_KIND.username);
  for (const word of ofNickname.slice(0, 1)) add(word, WORD_KIND.firstOfNickname);
  for (const word of [...ofUsername, ...ofNickname]) add(word, WORD_KIND.other);
  return [...kinds].map(([word, kind]) => ({ word, kind }));
}
