import { foldText } from './fold-text.ts';

/** Keeps a cursor, which carries the sort key, well under its own limit whatever a name decomposes into. */
const MAX_KEY_CHARACTERS = 128;

/** The latest instant a Date can hold, in milliseconds (ECMA-262, 21.4.1.1). */
const LATEST_MS = 8.64e15;

/** NAME: pinned friends first, then by display name, folded. */
export function nameKey({ pinned, displayName }: { pinned: boolean; displayName: string }): string {
  return (pinned ? '0' : '1') + shortened(foldText(displayName));
}

/** NEWEST: the later the friendship began, the smaller the key. Always 17 digits, so that text order is time order. */
export function newestKey({ since }: { since: string }): string {
  return String(LATEST_MS - Date.parse(since)).padStart(17, '0');
}

/** A friend as the public API shows one. The same object for as long as nothing about it changes. */
interface ShownFriend {
  readonly user: { readonly id: string };
  readonly pinned: boolean;
  readonly displayName: string;
  readonly since: string;
}

const nameKeys = new WeakMap<ShownFriend, string>();
const newestKeys = new WeakMap<ShownFriend, string>();

/** The order of `friends(orderBy: NAME)`: by `nameKey`, and two of one key by id. */
export function compareInNameOrder(a: ShownFriend, b: ShownFriend): number {
  return (
    compareCodePoints(kept(nameKeys, nameKey, a), kept(nameKeys, nameKey, b)) || compareCodePoints(a.user.id, b.user.id)
  );
}

/** The order of `friends(orderBy: NEWEST)`: by `newestKey`, and two of one instant by id. */
export function compareInNewestOrder(a: ShownFriend, b: ShownFriend): number {
  return (
    compareCodePoints(kept(newestKeys, newestKey, a), kept(newestKeys, newestKey, b)) ||
    compareCodePoints(a.user.id, b.user.id)
  );
}

/** Folded once for each friend, and not for each comparison. */
function kept(keys: WeakMap<ShownFriend, string>, keyOf: (friend: ShownFriend) => string, friend: ShownFriend): string {
  let key = keys.get(friend);
  if (key === undefined) {
    key = keyOf(friend);
    keys.set(friend, key);
  }
  return key;
}

function shortened(folded: string): string {
  if (folded.length <= MAX_KEY_CHARACTERS) return folded;
  return [...folded].slice(0, MAX_KEY_CHARACTERS).join('').trimEnd();
}

/**
 * By code point, which is the order of the UTF-8 bytes (RFC 3629, 1) and so of Redis. `<` compares UTF-16 units, where
 * the halves of an emoji come before U+E000 to U+FFFF. For well-formed texts, as all folded ones are.
 */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [unitA, unitB] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (unitA === unitB) continue;
    // Half of a character beyond U+FFFF, against one that is whole and so comes before.
    if (isHalf(unitA) !== isHalf(unitB)) return isHalf(unitA) ? 1 : -1;
    return unitA - unitB;
  }
  return a.length - b.length;
}

function isHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
