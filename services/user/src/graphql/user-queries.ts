import { dear, readId, readPageSize } from '@kith/service-kit';
import { searchUsers } from '../search/search-users.ts';
import { builder, viewerOf } from './builder.ts';
import { UserConnectionType } from './user-connection.ts';
import { UserType } from './user-type.ts';

builder.queryFields((t) => ({
  // The friend service resolves it too, so that a query for one's friend list needs only one service.
  me: t.field({
    type: UserType,
    nullable: true,
    shareable: true,
    description: 'The signed-in user; null when nobody is.',
    resolve: (_root, _args, { viewer, users }) => (viewer ? users.load(viewer.userId) : null),
  }),

  user: t.field({
    type: UserType,
    nullable: true,
    description: 'A user by id; null when there is no such user.',
    args: { id: t.arg.id({ required: true, description: 'Whom to read.' }) },
    resolve: (_root, { id }, context) => {
      viewerOf(context);
      return context.users.load(readId('id', id));
    },
  }),

  searchUsers: t.field({
    ...dear,
    type: UserConnectionType,
    description:
      'Users whose username or nickname starts with a word of `text` (case-insensitive), best match first. Every word ' +
      'of a name counts, accents do not; who matches all words of `text` comes before who matches some. Who blocks the ' +
      'viewer is not among them.',
    args: {
      text: t.arg.string({ required: true, description: '1 to 64 characters.' }),
      first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }),
      after: t.arg.string({ description: 'The cursor of the last user of the page before.' }),
    },
    resolve: (_root, { text, first, after }, context) => {
      const viewerId = viewerOf(context).userId;
      const reads = context.lateReads(viewerId);
      const { askWhoBlocks } = context.parts;
      return searchUsers(reads, { text, first: readPageSize(first ?? 20), after: after ?? null }, (userIds) =>
        askWhoBlocks({ viewerId, userIds }),
      );
    },
  }),
}));
