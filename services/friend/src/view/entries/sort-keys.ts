import type { FriendData } from '@kith/event-contracts';
import * as written from '@kith/written-text';

export type ListOrder = 'NAME' | 'NEWEST';

/** NAME: pinned friends first, then by display name. Ties are broken by the id, see `memberOf`. */
export function nameKey({ pinned, remark, nickname }: FriendData): string {
  return written.nameKey({ pinned, displayName: remark ?? nickname });
}

/** NEWEST: the later the friendship began, the smaller the key. */
export function newestKey(friend: FriendData): string {
  return written.newestKey(friend);
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
