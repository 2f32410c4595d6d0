import { FRIEND_LIST } from '@kith/event-contracts';
import { KithError, present, readId, readPageSize } from '@kith/service-kit';
import { changesSince } from '../../lists/changes-since.ts';
import { stillAtCursor } from '../../lists/still-at-cursor.ts';
import { builder, type FriendContext, viewerOf } from '../types/builder.ts';
import { FriendListChangeType, FriendListDeltaType } from '../types/list-change-types.ts';
import { live } from '../types/live-directive.ts';

const CHANGES_AT_MOST = 500;
const LISTS_AT_MOST = 10_000;

builder.queryField('friendListChanges', (t) =>
  t.field({
    type: FriendListDeltaType,
    description:
      'What happened to the viewer’s friend list since the cursor: the same changes the subscription sends, for clients ' +
      'that poll. `after` that is too old, from another list or unreadable: one page or more of FriendListSnapshot instead.',
    args: {
      after: t.arg.string({ description: 'Any `cursor` or `listCursor` received before; none for a snapshot.' }),
      first: t.arg.int({ defaultValue: 200, description: 'How many changes, 1 to 500. A snapshot comes whole.' }),
    },
    resolve: (_root, { after, first }, context) =>
      changesSince(context.parts.history, viewerOf(context).userId, after, readPageSize(first ?? 200, CHANGES_AT_MOST)),
  }),
);

/** What is asked of many lists at once: each field costs what it says, when it is asked for. */
interface Stands {
  readonly ownerIds: readonly string[];
  readonly cursors: readonly string[] | undefined;
}

const FriendListStandsType = builder.objectRef<Stands>('FriendListStands').implement({
  directives: { inaccessible: true } as never,
  description: 'Where lists stand, in the order in which they were asked for.',
  fields: (t) => ({
    timeline: t.id({
      description: 'What revisions count in; another one once the database was restored.',
      resolve: (_stands, _args, context) => context.parts.history.timeline,
    }),
    revisions: t.field({
      type: ['Int'],
      description: 'The newest revision of each.',
      resolve: async ({ ownerIds }, _args, context) => {
        const revisions = await context.parts.history.revisions([...new Set(ownerIds)]);
        return ownerIds.map((ownerId) => revisions.get(ownerId) ?? 0);
      },
    }),
    unchanged: t.field({
      type: t.listRef('Int', { nullable: true }),
      description: 'Of each the revision at its cursor, when nothing happened since; else null.',
      resolve: ({ ownerIds, cursors }, _args, context) => stillAt(context, ownerIds, cursors ?? []),
    }),
  }),
});

// For the gateway, which has shown its key to get here: it asks for many lists at once, so there is no one viewer.
builder.queryField('friendListStands', (t) =>
  t.field({
    type: FriendListStandsType,
    inaccessible: true,
    description: 'Where these lists stand, and whether anything has happened since; for the gateway.',
    args: {
      owners: t.arg.idList({ required: true, description: `At most ${LISTS_AT_MOST}.` }),
      cursors: t.arg.stringList({ description: 'One for each list, in the same order.' }),
    },
    resolve: (_root, { owners, cursors }) => {
      refuseTooMany(owners, 'owners');
      return { ownerIds: owners.map((owner) => readId('owners', owner)), cursors: cursors ?? undefined };
    },
  }),
);

function stillAt(context: FriendContext, ownerIds: readonly string[], cursors: readonly string[]) {
  if (ownerIds.length !== cursors.length) {
    throw new KithError('BAD_USER_INPUT', 'Ask with a cursor for each list.', { field: 'cursors' });
  }
  const lists = ownerIds.map((ownerId, at) => ({
    ownerId,
    cursor: present(cursors[at], 'each list comes with its cursor'),
  }));
  return stillAtCursor(context.parts.history, lists);
}

function refuseTooMany(lists: readonly unknown[], field: string): void {
  if (lists.length <= LISTS_AT_MOST) return;
  throw new KithError('BAD_USER_INPUT', `Ask for at most ${LISTS_AT_MOST} lists.`, { field, limit: LISTS_AT_MOST });
}

const FriendListRevisionType = builder
  .objectRef<{ ownerId: string; revision: number }>('FriendListRevision')
  .implement({
    directives: { inaccessible: true } as never,
    description: 'Where a list stands.',
    fields: (t) => ({
      ownerId: t.exposeID('ownerId', { description: 'Whose list.' }),
      revision: t.exposeInt('revision', { description: 'Its newest revision.' }),
    }),
  });

// These three are what gateways of the version before ask: `friendListStands` answers for all of them.
builder.queryField('friendListRevisions', (t) =>
  t.field({
    type: [FriendListRevisionType],
    inaccessible: true,
    description: 'Where these lists stand; for the gateway, to find announcements that were lost.',
    args: { ownerIds: t.arg.idList({ required: true, description: `At most ${LISTS_AT_MOST}.` }) },
    resolve: async (_root, { ownerIds }, context) => {
      refuseTooMany(ownerIds, 'ownerIds');
      const ids = ownerIds.map((ownerId) => readId('ownerIds', ownerId));
      const revisions = await context.parts.history.revisions(ids);
      return ids.map((ownerId) => ({ ownerId, revision: revisions.get(ownerId) ?? 0 }));
    },
  }),
);

builder.queryField('friendListTimeline', (t) =>
  t.id({
    inaccessible: true,
    description: 'What revisions count in; another one once the database was restored. For the gateway.',
    resolve: (_root, _args, context) => context.parts.history.timeline,
  }),
);

builder.queryField('friendListsStillAt', (t) =>
  t.field({
    type: t.listRef('Int', { nullable: true }),
    inaccessible: true,
    description: 'Of each of these lists the revision at its cursor, when nothing happened since; else null.',
    args: {
      ownerIds: t.arg.idList({ required: true, description: `At most ${LISTS_AT_MOST}.` }),
      cursors: t.arg.stringList({ required: true, description: 'One for each list, in the same order.' }),
    },
    resolve: (_root, { ownerIds, cursors }, context) => {
      refuseTooMany(ownerIds, 'ownerIds');
      return stillAt(context, ownerIds.map(String), cursors);
    },
  }),
);

builder.subscriptionField('friendListChanged', (t) =>
  t.field({
    type: FriendListChangeType,
    description:
      'The viewer’s friend list, live, and never with a hole in it. Without `after`: the list as it stands ' +
      '(FriendListSnapshot, in pages), then every change. With `after` (any `cursor` or `listCursor` received before): ' +
      'every change since, then every change to come; when the changes since are no longer kept, or the cursor is not ' +
      'this list’s, a snapshot first, with the reason. Whose list: the signed-in user’s, always; there is no argument for it.',
    ...live({ kind: FRIEND_LIST, changes: 'friendListChanges', stands: 'friendListStands' }),
    args: { after: t.arg.string({ description: 'Where to resume; none to start with a snapshot.' }) },
    // The gateway answers subscriptions from announcements, and catches up through friendListChanges.
    subscribe: () => {
      throw new KithError('BAD_USER_INPUT', 'Subscribe at the gateway.');
    },
    resolve: (change) => change as never,
  }),
);
