import type { FriendData } from '@kith/event-contracts';

export type ListOrder = 'NAME' | 'NEWEST';

/** Keeps a cursor, which carries the sort key, well under its own limit whatever a name decomposes into. */
const MAX_FOLDED_CHARACTERS = 128;

/** The latest instant a Date can hold, in milliseconds (ECMA-262, 21.4.1.1). */
const LATEST_MS = 8.64e15;

/**
 * Text made comparable: compatibility decomposition (Unicode UAX #15, NFKD), accents and invisible characters dropped,
 * lower case, single spaces. Accents are the marks that scripts share, and the points of Hebrew and Arabic that most
 * writers leave out; a Hindi or Thai vowel sign is a letter to its readers and stays. Nothing folded ever holds a control character, so these are free to be separators.
 */
export function fold(text: string): string {
  const folded = text
    .toWellFormed()
    .normalize('NFKD')
    .replace(/[\p{Mn}&&[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]]/gv, '')
    .toLowerCase()
    // Lower case writes a sigma differently at the end of a word; to a search it is the same letter.
    .replaceAll('ς', 'σ')
    .replace(/[[\p{Cc}\p{Cf}]--[\t\n\v\f\r]]/gv, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (folded.length <= MAX_FOLDED_CHARACTERS) return folded;
  return [...folded].slice(0, MAX_FOLDED_CHARACTERS).join('').trimEnd();
}

/** NAME: pinned friends first, then by display name. Ties are broken by the id, see `memberOf`. */
export function nameKey(friend: FriendData): string {
  return (friend.pinned ? '0' : '1') + fold(friend.remark ?? friend.nickname);
}

/** NEWEST: the later the friendship began, the smaller the key. Always 17 digits, so that text order is time order. */
export function newestKey(friend: FriendData): string {
  return String(LATEST_MS - Date.parse(friend.since)).padStart(17, '0');
}

/**
 * A friend's place in one order: the sort key, then the id. U+0000 sorts before every character a key can hold, so
 * "ann" comes before "anna" whatever their ids.
 */
export function memberOf(sortKey: string, userId: string): string {
  return `${sortKey}\0${userId}`;
}

/**
 * Redis orders members by their UTF-8 bytes, JavaScript orders strings by UTF-16 units, and the two disagree about
 * emoji. One character per byte makes `<` mean what Redis means.
 */
export function inByteOrder(member: string): string {
  return Buffer.from(member, 'utf8').toString('latin1');
}
