import { readPageSize } from '@kith/service-kit';
import { readBlockedUsers } from '../../queries/read-blocked-users.ts';
import { builder, onlyOneself } from '../types/builder.ts';
import { UserConnectionType } from '../types/user-connection.ts';
import { UserType } from '../types/user-type.ts';

builder.objectField(UserType, 'blockedUsers', (t) =>
  t.field({
    type: UserConnectionType,
    description: 'Whom the user blocks, the latest first. Only the user themself can read it; FORBIDDEN for others.',
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }),
      after: t.arg.string({ description: 'The cursor of the last user of the page before.' }),
    },
    resolve: ({ id }, { first, after }, context) => {
      onlyOneself(id, context);
      return readBlockedUsers(context.reads, id, { first: readPageSize(first ?? 20), after });
    },
  }),
);
