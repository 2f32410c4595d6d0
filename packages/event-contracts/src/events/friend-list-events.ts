import { defineEvent } from '@kith/event-delivery/envelope';
import { z } from 'zod';
import { compileCheck } from './compile-check.ts';
import { friendListEvent } from './subjects.ts';

/** A person, with the profile as it was copied when the event was recorded. */
const personSchema = z.object({ userId: z.string(), nickname: z.string(), avatarUrl: z.string().nullable() });
export type PersonData = z.output<typeof personSchema>;

/** One entry of the owner's list: a friend, and what the owner keeps about them. */
export const friendSchema = personSchema.extend({
  remark: z.string().nullable(),
  pinned: z.boolean(),
  tags: z.array(z.string()),
  since: z.iso.datetime(),
});
export type FriendData = z.output<typeof friendSchema>;

/** Whether it is an entry of a list, wherever it was kept; what a later version adds is let through. */
export const isFriendData = compileCheck<FriendData>(friendSchema);

export const friendRequestSchema = z.object({
  id: z.string(),
  from: personSchema,
  to: personSchema,
  message: z.string().nullable(),
  sentAt: z.iso.datetime(),
});
export type FriendRequestData = z.output<typeof friendRequestSchema>;

/** Revisions of all these events are those of the owner's friend list. */
export const FRIEND_LIST_OWNER = 'friend-list';

export const friendAdded = defineEvent({
  name: 'kith.friend.added',
  ownerKind: FRIEND_LIST_OWNER,
  subject: friendListEvent('added'),
  newest: z.object({ friend: friendSchema }),
});

export const friendChanged = defineEvent({
  name: 'kith.friend.changed',
  ownerKind: FRIEND_LIST_OWNER,
  subject: friendListEvent('changed'),
  newest: z.object({ before: friendSchema, after: friendSchema }),
});

export const friendRemoved = defineEvent({
  name: 'kith.friend.removed',
  ownerKind: FRIEND_LIST_OWNER,
  subject: friendListEvent('removed'),
  newest: z.object({ friend: friendSchema }),
});

export const friendRequestAdded = defineEvent({
  name: 'kith.friend-request.added',
  ownerKind: FRIEND_LIST_OWNER,
  subject: friendListEvent('request-added'),
  newest: z.object({ request: friendRequestSchema }),
});

export const friendRequestClosed = defineEvent({
  name: 'kith.friend-request.closed',
  ownerKind: FRIEND_LIST_OWNER,
  subject: friendListEvent('request-closed'),
  newest: z.object({
    request: friendRequestSchema,
    outcome: z.enum(['ACCEPTED', 'DECLINED', 'CANCELLED', 'WITHDRAWN']),
  }),
});

/**
 * Event-carried state transfer: friends that a list had from the start, as an import into an empty system found them, in
 * place of one event for each. A list that one message cannot hold comes in parts, each a revision of its own: all of
 * them together are the list.
 */
export const friendListImported = defineEvent({
  name: 'kith.friend.list-imported',
  ownerKind: FRIEND_LIST_OWNER,
  subject: friendListEvent('list-imported'),
  newest: z.object({ friends: z.array(friendSchema), part: z.int().positive(), parts: z.int().positive() }),
});

export const friendListContracts = [
  friendAdded,
  friendChanged,
  friendRemoved,
  friendRequestAdded,
  friendRequestClosed,
  friendListImported,
] as const;
