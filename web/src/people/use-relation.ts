import type { FriendListSnapshot } from '@kith/client';
import { useLive } from '../connection/use-live-list.ts';
import type { Relation } from '../generated/graphql.ts';

/**
 * What a person is to the viewer, now: the live list knows of friends and requests before any answer does. A block is
 * not on the list, so there the answer counts.
 */
export function useRelation(userId: string, answered: Relation): Relation {
  return useLive((list) => relationIn(list, userId, answered));
}

export function relationIn(
  { friends, requests, known }: Pick<FriendListSnapshot, 'friends' | 'requests' | 'known'>,
  userId: string,
  answered: Relation,
): Relation {
  if (!known || answered === 'SELF' || answered === 'BLOCKED') return answered;
  if (friends.some(({ user }) => user.id === userId)) return 'FRIEND';
  if (requests.some(({ to }) => to.id === userId)) return 'REQUEST_SENT';
  if (requests.some(({ from }) => from.id === userId)) return 'REQUEST_RECEIVED';
  return 'NONE';
}
