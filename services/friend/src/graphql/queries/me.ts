import { builder } from '../types/builder.ts';
import { UserType } from '../types/user-type.ts';

// The user service answers it too, with all that is a profile's; who asks for their list alone needs only this one.
builder.queryField('me', (t) =>
  t.field({
    type: UserType,
    nullable: true,
    shareable: true,
    description: 'The signed-in user; null when nobody is.',
    resolve: (_root, _args, { viewer }) => (viewer ? { id: viewer.userId } : null),
  }),
);
