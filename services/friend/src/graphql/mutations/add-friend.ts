import type { FriendAnswer, FriendRequestAnswer } from '@kith/event-contracts';
import { builder } from '../types/builder.ts';
import { FriendRequestType } from '../types/friend-request-type.ts';
import { FriendType } from '../types/friend-type.ts';
import { LIST_CURSOR, LIST_REVISION } from './payload-types.ts';
import { command, friendOf, type ListPlace, placeOf, requestOf } from './run-command.ts';

const AddFriendInput = builder.inputType('AddFriendInput', {
  description: 'Whom to befriend.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The other.' }),
    message: t.string({ description: 'What they read with the request: at most 200 characters.' }),
    remark: t.string({ description: 'What the viewer calls them: at most 64 characters; only the viewer sees it.' }),
  }),
});

const AddFriendPayload = builder
  .objectRef<ListPlace & { friend: FriendAnswer | null; request: FriendRequestAnswer | null }>('AddFriendPayload')
  .implement({
    description: 'Exactly one of friend and request.',
    fields: (t) => ({
      friend: t.expose('friend', { type: FriendType, nullable: true, description: 'They are friends now.' }),
      request: t.expose('request', { type: FriendRequestType, nullable: true, description: 'They have been asked.' }),
      listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
      listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
    }),
  });

builder.mutationField('addFriend', (t) =>
  t.field({
    type: AddFriendPayload,
    description:
      'Binds the two at once when the other’s policy is OPEN or they have already asked; sends a request when it is ' +
      'APPROVAL; NOT_ALLOWED when it is CLOSED (or they blocked the viewer: the two look alike).',
    args: { input: t.arg({ type: AddFriendInput, required: true, description: 'Whom, and what to tell them.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await command(context, input.userId, (relationship) => relationship.add(input));
      const { openRequest } = changed.state;
      return {
        friend: friendOf(changed),
        request: openRequest && requestOf(changed, openRequest),
        ...placeOf(context, changed),
      };
    },
  }),
);
