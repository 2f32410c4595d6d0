import type { UserAnswer } from '@kith/event-contracts';
import type { Relationship } from '../../domain/relationship.ts';
import { userAnswer } from '../../lists/list-change.ts';
import { builder, type FriendContext } from '../types/builder.ts';
import { UserWithProfile } from '../types/user-type.ts';
import { LIST_CURSOR, LIST_REVISION } from './payload-types.ts';
import { command, type ListPlace, placeOf } from './run-command.ts';

const BlockUserInput = builder.inputType('BlockUserInput', {
  description: 'Whom to block or unblock.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'The other.' }) }),
});

const BlockUserPayload = builder
  .objectRef<ListPlace & { user: UserAnswer; changed: boolean }>('BlockUserPayload')
  .implement({
    description: 'What `blockUser` and `unblockUser` answer.',
    fields: (t) => ({
      user: t.expose('user', { type: UserWithProfile, description: 'The other.' }),
      changed: t.exposeBoolean('changed', { description: 'false: it was so before.' }),
      listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
      listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
    }),
  });

async function answerBlock(context: FriendContext, userId: string, decide: (relationship: Relationship) => boolean) {
  const changed = await command(context, userId, decide);
  return {
    user: userAnswer(changed.state.other.person),
    changed: changed.result,
    ...placeOf(context, changed),
  };
}

builder.mutationField('blockUser', (t) =>
  t.field({
    type: BlockUserPayload,
    description:
      'Also unbinds, and closes requests in both directions. The blocked side learns only that the friendship ended.',
    args: { input: t.arg({ type: BlockUserInput, required: true, description: 'Whom.' }) },
    resolve: (_root, { input }, context) => answerBlock(context, input.userId, (relationship) => relationship.block()),
  }),
);

builder.mutationField('unblockUser', (t) =>
  t.field({
    type: BlockUserPayload,
    description: 'Lets them ask again; what was before does not come back.',
    args: { input: t.arg({ type: BlockUserInput, required: true, description: 'Whom.' }) },
    resolve: (_root, { input }, context) =>
      answerBlock(context, input.userId, (relationship) => relationship.unblock()),
  }),
);
