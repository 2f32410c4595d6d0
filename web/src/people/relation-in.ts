import type { FriendListSnapshot } from '@kith/client';
import type { Relation } from '../generated/graphql.ts';

/** What a person is to the viewer by the viewer's list; `answered` where the list cannot tell. */
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
