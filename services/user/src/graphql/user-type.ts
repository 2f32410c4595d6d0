import { KithError } from '@kith/service-kit';
import type { UserRow } from '../profiles/user-row.ts';
import { builder, viewerOf } from './builder.ts';

export const FriendPolicyType = builder.enumType('FriendPolicy', {
  description: 'Who may become a user’s friend, and how.',
  values: {
    OPEN: { description: 'Anybody, at once.' },
    APPROVAL: { description: 'Whoever asks and is accepted. The default.' },
    CLOSED: { description: 'Nobody.' },
  } as const,
});

export const UserType = builder.objectRef<UserRow>('User').implement({
  description: 'A person with an account.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID (version 7); it never changes.' }),
    username: t.exposeString('username', { description: 'What they sign in with: unique, lower case.' }),
    // In lists of friends the friend service resolves these two from its own copy.
    nickname: t.exposeString('nickname', { shareable: true, description: 'What they are called.' }),
    avatarUrl: t.exposeString('avatarUrl', {
      nullable: true,
      shareable: true,
      description: 'Their picture, https; null when they have none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they signed up.' }),
    friendPolicy: t.field({
      type: FriendPolicyType,
      description:
        'Who may become this user’s friend, and how. Only the user themself can read it; FORBIDDEN for others.',
      resolve: (user, _args, context) => {
        if (context.provenUserIds.has(user.id) || viewerOf(context).userId === user.id) return user.friendPolicy;
        throw new KithError('FORBIDDEN', 'Only the user themself can read their friend policy.');
      },
    }),
  }),
});

builder.asEntity(UserType, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => {
    viewerOf(context);
    return context.users.load(id.toLowerCase()) as Promise<UserRow>;
  },
});
