import { z } from 'zod';
import { compileCheck } from '../events/compile-check.ts';
import { friendRequestSchema, friendSchema } from '../events/friend-list-events.ts';

/**
 * The `change` of an announcement of a friend list (`live-announcement.ts`): the FriendListChange that the catch-up query
 * would answer, in the shape of the public schema, so that what a client selects is resolved over the one as over the
 * other.
 */

/** Of when the change was the whole announcement. Absent: 1, of before it was written. */
export const ANNOUNCEMENT_VERSION = 1;

const userSchema = z.object({
  __typename: z.literal('User').optional(),
  id: z.string(),
  nickname: z.string(),
  avatarUrl: z.string().nullable(),
});

const friendAnswerSchema = friendSchema.omit({ userId: true, nickname: true, avatarUrl: true }).extend({
  __typename: z.literal('Friend').optional(),
  user: userSchema,
  displayName: z.string(),
});

const friendRequestAnswerSchema = friendRequestSchema.extend({
  __typename: z.literal('FriendRequest').optional(),
  from: userSchema,
  to: userSchema,
});

/** `revision` rises by exactly 1 from one change of a list to the next. */
const change = {
  v: z.literal(ANNOUNCEMENT_VERSION).optional(),
  cursor: z.string(),
  revision: z.int().positive(),
  occurredAt: z.string(),
};

// What happens most often first: they are tried in this order.
export const friendListAnnouncementSchema = z.union([
  z.object({ __typename: z.literal('FriendChanged'), ...change, friend: friendAnswerSchema }),
  z.object({ __typename: z.literal('FriendAdded'), ...change, friend: friendAnswerSchema }),
  z.object({ __typename: z.literal('FriendRemoved'), ...change, userId: z.string() }),
  z.object({ __typename: z.literal('FriendRequestAdded'), ...change, request: friendRequestAnswerSchema }),
  z.object({
    __typename: z.literal('FriendRequestClosed'),
    ...change,
    requestId: z.string(),
    outcome: z.enum(['ACCEPTED', 'DECLINED', 'CANCELLED', 'WITHDRAWN']),
  }),
]);

export type FriendListAnnouncement = z.output<typeof friendListAnnouncementSchema>;

/** The parts of an announcement, as the friend service answers them anywhere else too. */
export type UserAnswer = z.output<typeof userSchema>;
export type FriendAnswer = z.output<typeof friendAnswerSchema>;
export type FriendRequestAnswer = z.output<typeof friendRequestAnswerSchema>;

/** Whether it is an announcement; what a later version adds to one is let through. */
export const isFriendListAnnouncement = compileCheck<FriendListAnnouncement>(friendListAnnouncementSchema);
