import { FRIEND_LIST } from '@kith/event-contracts';
import { changesSince, type ListStands, whereListsStand } from '@kith/live-list';
import { KithError, readId, readPageSize } from '@kith/service-kit';
import { builder, viewerOf } from '../types/builder.ts';
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
      changesSince(context.parts.list, viewerOf(context).userId, after, readPageSize(first ?? 200, CHANGES_AT_MOST)),
  }),
);

// Each field costs what it says, when it is asked for.
const FriendListStandsType = builder.objectRef<ListStands>('FriendListStands').implement({
  directives: { inaccessible: true } as never,
  description: 'Where lists stand, in the order in which they were asked for.',
  fields: (t) => ({
    timeline: t.exposeID('timeline', {
      description: 'What revisions count in; another one once the database was restored.',
    }),
    revisions: t.field({
      type: ['Int'],
      description: 'The newest revision of each.',
      resolve: (stands) => stands.revisions(),
    }),
    unchanged: t.field({
      type: t.listRef('Int', { nullable: true }),
      description: 'Of each the revision at its cursor, when nothing happened since; else null.',
      resolve: (stands) => stands.unchanged(),
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
    resolve: (_root, { owners, cursors }, context) => {
      refuseTooMany(owners, 'owners');
      return whereListsStand(context.parts.list, { owners: owners.map((owner) => readId('owners', owner)), cursors });
    },
  }),
);

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
      const revisions = await context.parts.list.history.revisions(ids);
      return ids.map((ownerId) => ({ ownerId, revision: revisions.get(ownerId) ?? 0 }));
    },
  }),
);

builder.queryField('friendListTimeline', (t) =>
  t.id({
    inaccessible: true,
    description: 'What revisions count in; another one once the database was restored. For the gateway.',
    resolve: (_root, _args, context) => context.parts.list.history.timeline,
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
      return whereListsStand(context.parts.list, { owners: ownerIds.map(String), cursors }).unchanged();
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
