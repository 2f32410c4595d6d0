import type { Friend } from '@kith/client';
import { foldText } from '@kith/written-text';

export interface Letter {
  readonly letter: string;
  /** Of the first friend whose name begins with it. */
  readonly index: number;
}

const MOST_LETTERS = 28;
const DIGITS = '#';
const SIGNS = '…';

const known = new WeakMap<Friend, string>();

/** Folded as the order of the list is: whatever its accents, a name stands under its letter. */
function letterOf(friend: Friend): string {
  let letter = known.get(friend);
  if (letter === undefined) {
    const [first = ''] = foldText(friend.displayName);
    letter = /\p{L}/u.test(first) ? first.toUpperCase() : /\p{N}/u.test(first) ? DIGITS : SIGNS;
    known.set(friend, letter);
  }
  return letter;
}

/**
 * The letters that names begin with, and where, for friends in the order of names. Who is pinned stands above and has
 * none. Of more letters than fit, as of Chinese names, every so many are left.
 */
export function lettersOf(friends: readonly Friend[]): readonly Letter[] {
  const letters: Letter[] = [];
  const seen = new Set<string>();
  friends.forEach((friend, index) => {
    if (friend.pinned) return;
    const letter = letterOf(friend);
    if (seen.has(letter)) return;
    seen.add(letter);
    letters.push({ letter, index });
  });
  const step = Math.ceil(letters.length / MOST_LETTERS);
  return step > 1 ? letters.filter((_, at) => at % step === 0) : letters;
}
