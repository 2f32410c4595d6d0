import { present } from '@kith/service-kit';
import { builder } from '../types/builder.ts';
import { FriendPayload } from './payload-types.ts';
import { commandRequest, friendOf, placeOf } from './run-command.ts';

const AcceptFriendRequestInput = builder.inputType('AcceptFriendRequestInput', {
  description: 'Which request to accept.',
  fields: (t) => ({
    requestId: t.id({ required: true, description: 'The request.' }),
    remark: t.string({ description: 'What the viewer calls the new friend: at most 64 characters.' }),
  }),
});

builder.mutationField('acceptFriendRequest', (t) =>
  t.field({
    type: FriendPayload,
    description: 'Makes friends with somebody who has asked.',
    args: { input: t.arg({ type: AcceptFriendRequestInput, required: true, description: 'Which request.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await commandRequest(context, input.requestId, (relationship, request) =>
        relationship.accept(request, input.remark),
      );
      return { friend: present(friendOf(changed), 'who is accepted is a friend'), ...placeOf(context, changed) };
    },
  }),
);
