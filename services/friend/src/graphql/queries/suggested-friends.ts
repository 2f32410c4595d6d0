import { readPageSize } from '@kith/service-kit';
import { type FriendSuggestion, suggestFriends } from '../../queries/suggest-friends.ts';
import { builder, onlyOneself } from '../types/builder.ts';
import { UserType, UserWithProfile } from '../types/user-type.ts';

const FriendSuggestionType = builder.objectRef<FriendSuggestion>('FriendSuggestion').implement({
  description: 'Somebody the viewer may know.',
  fields: (t) => ({
    user: t.expose('user', { type: UserWithProfile, description: 'Who.' }),
    mutualFriendCount: t.exposeInt('mutualFriendCount', { description: 'How many friends the two have in common.' }),
  }),
});

builder.objectField(UserType, 'suggestedFriends', (t) =>
  t.field({
    type: [FriendSuggestionType],
    description:
      'People the viewer may know: most friends in common first; nobody they are related to already. Only the user ' +
      'themself can read it; FORBIDDEN for others.',
    args: { first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }) },
    resolve: ({ id }, { first }, context) => {
      const { userId } = onlyOneself(id, context);
      return suggestFriends(context.parts.pool, userId, readPageSize(first ?? 20));
    },
  }),
);
