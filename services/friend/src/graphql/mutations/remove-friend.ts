import { builder } from '../types/builder.ts';
import { LIST_CURSOR, LIST_REVISION } from './payload-types.ts';
import { command, type ListPlace, placeOf } from './run-command.ts';

const RemoveFriendInput = builder.inputType('RemoveFriendInput', {
  description: 'Whom to unbind.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'The friend.' }) }),
});

const RemoveFriendPayload = builder
  .objectRef<ListPlace & { userId: string; changed: boolean }>('RemoveFriendPayload')
  .implement({
    description: 'What `removeFriend` answers.',
    fields: (t) => ({
      userId: t.exposeID('userId', { description: 'Who is no friend now.' }),
      changed: t.exposeBoolean('changed', { description: 'false: they were no friend before.' }),
      listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
      listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
    }),
  });

builder.mutationField('removeFriend', (t) =>
  t.field({
    type: RemoveFriendPayload,
    description: 'Unbinds the two, on both lists.',
    args: { input: t.arg({ type: RemoveFriendInput, required: true, description: 'Whom.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await command(context, input.userId, (relationship) => relationship.remove());
      const { userId } = changed.state.other.person;
      return { userId, changed: changed.result, ...placeOf(context, changed) };
    },
  }),
);
