/** Every durable name that services share. Each is data: changing one is a migration. */

export interface StreamName {
  readonly name: string;
  readonly subjects: readonly string[];
}

export const USER_STREAM: StreamName = { name: 'USER', subjects: ['user.>'] };
export const FRIEND_STREAM: StreamName = { name: 'FRIEND', subjects: ['friend.>'] };
/** `dead.<consumer>.<owner>`: what a consumer gave up on. */
export const DEAD_STREAM: StreamName = { name: 'DEAD', subjects: ['dead.>'] };

export const USER_SOURCE = 'kith/user';
export const FRIEND_SOURCE = 'kith/friend';

/** Durable consumers, by what they keep up to date. */
export const PROFILE_COPY_CONSUMER = 'friend-profile-copy';
export const FRIEND_LIST_VIEW_CONSUMER = 'friend-list-view';

/** Core NATS, not stored: a change of this owner's list, in the shape the friend subgraph answers it in. */
export const liveFriendList = (ownerId: string): string => `live.friend-list.${ownerId}`;

export const userEvent = (event: string) => (userId: string) => `user.${event}.${userId}`;
export const friendListEvent = (event: string) => (ownerId: string) => `friend.${event}.${ownerId}`;
export const deadLetter = (consumer: string, ownerId: string): string => `dead.${consumer}.${ownerId}`;
