import type { FriendRequestAnswer } from '@kith/event-contracts';
import { builder } from './builder.ts';
import { UserWithProfile } from './user-type.ts';

export const FriendRequestType = builder.objectRef<FriendRequestAnswer>('FriendRequest').implement({
  description: 'Somebody asks somebody to be friends.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID (version 7).' }),
    from: t.expose('from', { type: UserWithProfile, description: 'Who asks.' }),
    to: t.expose('to', { type: UserWithProfile, description: 'Who is asked.' }),
    message: t.exposeString('message', { nullable: true, description: 'What the sender wrote with it.' }),
    sentAt: t.expose('sentAt', { type: 'DateTime', description: 'When it was sent.' }),
  }),
});
