import { FRIEND_LIST_OWNER, FRIEND_SOURCE, friendListContracts } from '@kith/event-contracts';
import { type ListContracts, readListEvents } from '@kith/live-list';
import type pg from 'pg';
import type { FriendListEvent } from './list-change.ts';

export const FRIEND_LISTS: ListContracts<(typeof friendListContracts)[number]> = {
  kind: FRIEND_LIST_OWNER,
  source: FRIEND_SOURCE,
  contracts: friendListContracts,
};

/** A list's events after a revision, in order, at most `limit`. */
export function readEvents(
  pool: pg.Pool,
  ownerId: string,
  afterRevision: number,
  limit: number,
): Promise<FriendListEvent[]> {
  return readListEvents(pool, FRIEND_LISTS, { ownerId, afterRevision, limit });
}
