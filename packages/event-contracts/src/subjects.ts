/** Every durable name that services share. Each is data: changing one is a migration. */

export interface StreamName {
  readonly name: string;
  readonly subjects: readonly string[];
  /** Without it messages expire when the broker is configured to let them. */
  readonly keep?: 'forever';
}

export const USER_STREAM: StreamName = { name: 'USER', subjects: ['user.>'] };
export const FRIEND_STREAM: StreamName = { name: 'FRIEND', subjects: ['friend.>'] };
/**
 * `dead.<consumer>.<owner>`: what a consumer gave up on, until it is redriven or dropped; it never expires by itself.
 * `settled.<consumer>.<owner>`: the record of every redrive and drop.
 */
export const DEAD_STREAM: StreamName = { name: 'DEAD', subjects: ['dead.>', 'settled.>'], keep: 'forever' };

/** Which instance of a consumer that holds order is given events: `lease.<stream>.<durable>`. */
export const LEASE_STREAM = 'LEASE';
export const lease = (stream: string, durable: string): string => `lease.${stream}.${durable}`;

export const USER_SOURCE = 'kith/user';
export const FRIEND_SOURCE = 'kith/friend';

/** Durable consumers, by what they keep up to date. */
export const PROFILE_COPY_CONSUMER = 'friend-profile-copy';
export const FRIEND_LIST_VIEW_CONSUMER = 'friend-list-view';

/** Core NATS, not stored: a change of this owner's list, in the shape the friend subgraph answers it in. */
export const liveFriendList = (ownerId: string): string => `live.friend-list.${ownerId}`;

/** Core NATS, not stored: sessions of this user ended before their tokens expire; `sessionEndedSchema` is what it says. */
export const liveSessionEnded = (userId: string): string => `live.session-ended.${userId}`;

/** Core NATS, not stored: the same for whoever checks tokens, all users on one subject; `tokensEndedSchema`. */
export const LIVE_TOKENS_ENDED = 'live.tokens-ended';

export const userEvent = (event: string) => (userId: string) => `user.${event}.${userId}`;
export const friendListEvent = (event: string) => (ownerId: string) => `friend.${event}.${ownerId}`;
export const deadLetter = (consumer: string, ownerId: string): string => `dead.${consumer}.${ownerId}`;
export const settledDeadLetter = (consumer: string, ownerId: string): string => `settled.${consumer}.${ownerId}`;
/** Not stored: the dead letters of an owner have changed; the payload is the owner. */
export const deadLettersChanged = (consumer: string): string => `changed.dead.${consumer}`;
