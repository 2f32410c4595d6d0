import type { StreamName } from '@kith/event-delivery/envelope';

/** Every durable name that services share. Each is data: changing one is a migration. */

export const USER_STREAM: StreamName = { name: 'USER', subjects: ['user.>'] };
export const FRIEND_STREAM: StreamName = { name: 'FRIEND', subjects: ['friend.>'] };

export const USER_SOURCE = 'kith/user';
export const FRIEND_SOURCE = 'kith/friend';
export const WEBHOOK_SOURCE = 'kith/webhook';

/** Durable consumers, by what they keep up to date. */
export const PROFILE_COPY_CONSUMER = 'friend-profile-copy';
export const FRIEND_LIST_VIEW_CONSUMER = 'friend-list-view';
export const WEBHOOK_USER_CONSUMER = 'webhook-user-events';
export const WEBHOOK_FRIEND_CONSUMER = 'webhook-friend-events';

/** Core NATS: all that is announced, and stored nowhere. */
export const LIVE = 'live.>';

/** Core NATS, not stored: a change of this owner's list of that kind; `liveAnnouncementSchema` is what it says. */
export const liveList = (kind: string, owner: string): string => `live.${kind}.${owner}`;

/** Kinds of lists that are live. */
export const FRIEND_LIST = 'friend-list';

export const liveFriendList = (ownerId: string): string => liveList(FRIEND_LIST, ownerId);

/** Core NATS, not stored: sessions of this user ended before their tokens expire; `sessionEndedSchema` is what it says. */
export const liveSessionEnded = (userId: string): string => `live.session-ended.${userId}`;

/** Core NATS, not stored: the same for those who check tokens, all users on one subject; `tokensEndedSchema`. */
export const LIVE_TOKENS_ENDED = 'live.tokens-ended';

export const userEvent = (event: string) => (userId: string) => `user.${event}.${userId}`;
export const friendListEvent = (event: string) => (ownerId: string) => `friend.${event}.${ownerId}`;
