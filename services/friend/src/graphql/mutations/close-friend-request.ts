import { builder } from '../types/builder.ts';
import { FriendRequestPayload } from './payload-types.ts';
import { commandRequest, placeOf, requestOf } from './run-command.ts';

const FriendRequestInput = builder.inputType('FriendRequestInput', {
  description: 'Which request.',
  fields: (t) => ({ requestId: t.id({ required: true, description: 'The request.' }) }),
});

builder.mutationField('declineFriendRequest', (t) =>
  t.field({
    type: FriendRequestPayload,
    description: 'Says no to somebody who has asked. They may ask again after a while.',
    args: { input: t.arg({ type: FriendRequestInput, required: true, description: 'Which request.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await commandRequest(context, input.requestId, (relationship, request) =>
        relationship.decline(request),
      );
      return { request: requestOf(changed, changed.result), ...placeOf(context, changed) };
    },
  }),
);

builder.mutationField('cancelFriendRequest', (t) =>
  t.field({
    type: FriendRequestPayload,
    description: 'Takes back a request of the viewer’s own.',
    args: { input: t.arg({ type: FriendRequestInput, required: true, description: 'Which request.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await commandRequest(context, input.requestId, (relationship, request) =>
        relationship.cancel(request),
      );
      return { request: requestOf(changed, changed.result), ...placeOf(context, changed) };
    },
  }),
);
