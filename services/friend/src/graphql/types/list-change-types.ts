import type { ListDelta } from '@kith/live-list';
import type { FriendListChange, FriendListSnapshot } from '../../lists/list-change.ts';
import { builder } from './builder.ts';
import { FriendRequestType } from './friend-request-type.ts';
import { FriendType } from './friend-type.ts';

type AnswerOf<Type extends FriendListChange['__typename']> = Extract<FriendListChange, { __typename: Type }>;
type WithFriend = Extract<FriendListChange, { friend: unknown }>;

export const FriendListChangeType = builder.interfaceRef<FriendListChange>('FriendListChange').implement({
  description:
    '`revision` rises by exactly one from change to change: a client can see for itself that it missed none.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Resume from here: friendListChanged(after:).' }),
    revision: t.exposeInt('revision', { description: 'The list’s revision after this change.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When it happened.' }),
  }),
  resolveType: (change) => change.__typename,
});

const SnapshotReasonType = builder.enumType('SnapshotReason', {
  description: 'Why the whole list is sent.',
  values: {
    SUBSCRIBED: { description: 'No cursor was given, or one from inside a snapshot.' },
    CURSOR_EXPIRED: { description: 'The changes since the cursor are no longer kept.' },
    CURSOR_INVALID: { description: 'The cursor is not this list’s.' },
  } as const,
});

builder.objectRef<FriendListSnapshot>('FriendListSnapshot').implement({
  description: 'The list as it stands, in pages that all have the same revision.',
  interfaces: [FriendListChangeType],
  fields: (t) => ({
    reason: t.expose('reason', { type: SnapshotReasonType, description: 'Why the whole list is sent.' }),
    friends: t.field({
      type: [FriendType],
      description: 'The friends of this page.',
      resolve: ({ friends }) => [...friends],
    }),
    requests: t.field({
      type: [FriendRequestType],
      description: 'The open requests, in both directions; on the first page.',
      resolve: ({ requests }) => [...requests],
    }),
    complete: t.exposeBoolean('complete', {
      description: 'false on every page but the last; all pages have the same revision.',
    }),
  }),
});

builder.objectRef<WithFriend>('FriendAdded').implement({
  description: 'The two have become friends.',
  interfaces: [FriendListChangeType],
  fields: (t) => ({ friend: t.expose('friend', { type: FriendType, description: 'The new friend.' }) }),
});

builder.objectRef<WithFriend>('FriendChanged').implement({
  description: 'Remark, pin, tags, or the friend’s own nickname or avatar changed: the friend as they are now.',
  interfaces: [FriendListChangeType],
  fields: (t) => ({ friend: t.expose('friend', { type: FriendType, description: 'The friend as they are now.' }) }),
});

builder.objectRef<AnswerOf<'FriendRemoved'>>('FriendRemoved').implement({
  description: 'They are friends no longer.',
  interfaces: [FriendListChangeType],
  fields: (t) => ({ userId: t.exposeID('userId', { description: 'Who left the list.' }) }),
});

builder.objectRef<AnswerOf<'FriendRequestAdded'>>('FriendRequestAdded').implement({
  description: 'The viewer was asked, or has asked.',
  interfaces: [FriendListChangeType],
  fields: (t) => ({ request: t.expose('request', { type: FriendRequestType, description: 'The request.' }) }),
});

const RequestOutcomeType = builder.enumType('RequestOutcome', {
  description: 'How a request ended.',
  values: {
    ACCEPTED: { description: 'They are friends now.' },
    DECLINED: { description: 'The one who was asked said no.' },
    CANCELLED: { description: 'The one who asked took it back.' },
    WITHDRAWN: { description: 'One side blocked the other, or left.' },
  } as const,
});

builder.objectRef<AnswerOf<'FriendRequestClosed'>>('FriendRequestClosed').implement({
  description: 'A request of the viewer’s, in either direction, is open no longer.',
  interfaces: [FriendListChangeType],
  fields: (t) => ({
    requestId: t.exposeID('requestId', { description: 'Which request.' }),
    outcome: t.field({ type: RequestOutcomeType, description: 'How it ended.', resolve: ({ outcome }) => outcome }),
  }),
});

export const FriendListDeltaType = builder.objectRef<ListDelta<FriendListChange>>('FriendListDelta').implement({
  description: 'What happened to a list since a cursor.',
  fields: (t) => ({
    changes: t.field({
      type: [FriendListChangeType],
      description: 'In order, each revision once; or the pages of a FriendListSnapshot.',
      resolve: ({ changes }) => [...changes],
    }),
    cursor: t.exposeString('cursor', { description: 'Where the list stands after them: the next `after`.' }),
    revision: t.exposeInt('revision', { description: 'The list’s revision at that cursor.' }),
    hasMore: t.exposeBoolean('hasMore', { description: 'Whether more changes are waiting.' }),
  }),
});
