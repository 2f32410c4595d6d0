import { z } from 'zod';

/**
 * A change of a friend list in exactly the shape the friend subgraph answers it in. Announcements carry it, and so does
 * the catch-up: what a client selects is resolved over this object either way.
 */
const userSchema = z.looseObject({ id: z.string(), nickname: z.string(), avatarUrl: z.string().nullable() });

const friendSchema = z.looseObject({
  user: userSchema,
  remark: z.string().nullable(),
  displayName: z.string(),
  pinned: z.boolean(),
  tags: z.array(z.string()),
  since: z.string(),
});

const requestSchema = z.looseObject({
  id: z.string(),
  from: userSchema,
  to: userSchema,
  message: z.string().nullable(),
  sentAt: z.string(),
});

const change = { cursor: z.string(), revision: z.int().positive(), occurredAt: z.string() };

export const announcedChangeSchema = z.discriminatedUnion('__typename', [
  z.object({ __typename: z.literal('FriendAdded'), ...change, friend: friendSchema }),
  z.object({ __typename: z.literal('FriendChanged'), ...change, friend: friendSchema }),
  z.object({ __typename: z.literal('FriendRemoved'), ...change, userId: z.string() }),
  z.object({ __typename: z.literal('FriendRequestAdded'), ...change, request: requestSchema }),
  z.object({
    __typename: z.literal('FriendRequestClosed'),
    ...change,
    requestId: z.string(),
    outcome: z.enum(['ACCEPTED', 'DECLINED', 'CANCELLED', 'WITHDRAWN']),
  }),
]);

export type AnnouncedChange = z.output<typeof announcedChangeSchema>;

/** Snapshots are never announced: only the store gives them. */
export interface FriendListSnapshot {
  readonly __typename: 'FriendListSnapshot';
  readonly cursor: string;
  readonly revision: number;
  readonly occurredAt: string;
  readonly reason: 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';
  readonly friends: readonly z.output<typeof friendSchema>[];
  readonly requests: readonly z.output<typeof requestSchema>[];
  readonly complete: boolean;
}

export type FriendListChange = (AnnouncedChange & { readonly complete?: never }) | FriendListSnapshot;
