import { present } from '@kith/service-kit';
import { builder } from '../types/builder.ts';
import { FriendPayload } from './payload-types.ts';
import { command, friendOf, placeOf } from './run-command.ts';

const UpdateFriendInput = builder.inputType('UpdateFriendInput', {
  description: 'What to change of what the viewer keeps about a friend. A field left out stays.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The friend.' }),
    remark: t.string({ description: 'At most 64 characters; null or "" clears it.' }),
    pinned: t.boolean({ description: 'Whether to keep them at the top.' }),
    tags: t.stringList({ description: 'All of them: at most 10 of at most 32 characters.' }),
  }),
});

builder.mutationField('updateFriend', (t) =>
  t.field({
    type: FriendPayload,
    description:
      'Changes what the viewer keeps about a friend. A field left out stays; `remark: null` or "" clears it.',
    args: { input: t.arg({ type: UpdateFriendInput, required: true, description: 'Whom, and what.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await command(context, input.userId, (relationship) => relationship.update(input));
      return { friend: present(friendOf(changed), 'who is changed is a friend'), ...placeOf(context, changed) };
    },
  }),
);
