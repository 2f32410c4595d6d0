import { dear, readPageSize } from '@kith/service-kit';
import { readMutualFriends } from '../../queries/read-mutual-friends.ts';
import { builder, viewerOf } from '../types/builder.ts';
import { UserConnectionType } from '../types/user-connection.ts';
import { UserType } from '../types/user-type.ts';

builder.objectField(UserType, 'mutualFriends', (t) =>
  t.field({
    ...dear,
    type: UserConnectionType,
    description: 'Friends that the viewer and this user have in common; none when one of the two blocks the other.',
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }),
      after: t.arg.string({ description: 'The cursor of the last user of the page before.' }),
    },
    resolve: ({ id }, { first, after }, context) => {
      const pair = { viewerId: viewerOf(context).userId, otherId: id };
      const reads = context.lateReads([pair.viewerId, pair.otherId]);
      return readMutualFriends(reads, pair, { first: readPageSize(first ?? 20), after });
    },
  }),
);
