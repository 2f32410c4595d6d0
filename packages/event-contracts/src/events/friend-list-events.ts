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

export const friendAdded = defineEvent({
  name: 'kith.friend.added',
  subject: friendListEvent('added'),
  newest: z.object({ friend: friendSchema }),
});

export const friendChanged = defineEvent({
  name: 'kith.friend.changed',
  subject: friendListEvent('changed'),
  newest: z.object({ before: friendSchema, after: friendSchema }),
});

export const friendRemoved = defineEvent({
  name: 'kith.friend.removed',
  subject: friendListEvent('removed'),
  newest: z.object({ friend: friendSchema }),
});

export const friendRequestAdded = defineEvent({
  name: 'kith.friend-request.added',
  subject: friendListEvent('request-added'),
  newest: z.object({ request: friendRequestSchema }),
});

export const friendRequestClosed = defineEvent({
  name: 'kith.friend-request.closed',
  subject: friendListEvent('request-closed'),
  newest: z.object({
    request: friendRequestSchema,
    outcome: z.enum(['ACCEPTED', 'DECLINED', 'CANCELLED', 'WITHDRAWN']),
  }),
});

export const friendListContracts = [
  friendAdded,
  friendChanged,
  friendRemoved,
  friendRequestAdded,
  friendRequestClosed,
] as const;
