import type { FriendListSnapshot } from '@kith/client';

export const PATHS = ['/', '/requests', '/people', '/blocked', '/you'] as const;
export type Path = (typeof PATHS)[number];

/**
 * The place in the navigation that an address belongs to: a friend's profile to the friends, one's own to oneself, and
 * anybody else's to the people. Undefined where an address belongs to none.
 */
export function whichPlaceIsShown(
  address: string,
  { friends }: Pick<FriendListSnapshot, 'friends'>,
  ownId: string | undefined,
): Path | undefined {
  const [, place = '', userId = ''] = address.split('/');
  if (place === 'people' && userId !== '') {
    const id = userId.toLowerCase();
    if (id === ownId) return '/you';
    return friends.some(({ user }) => user.id === id) ? '/' : '/people';
  }
  return PATHS.find((path) => path === `/${place}`);
}
