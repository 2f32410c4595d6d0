import type { FriendAnswer, FriendRequestAnswer } from '@kith/event-contracts';
import { builder } from '../types/builder.ts';
import { FriendRequestType } from '../types/friend-request-type.ts';
import { FriendType } from '../types/friend-type.ts';
import type { ListPlace } from './run-command.ts';

export const LIST_REVISION = 'The revision at `listCursor`: a list that has it shows the change.';
export const LIST_CURSOR =
  'The viewer’s list after the change. A list read after the reply always includes the change.';

export const FriendPayload = builder.objectRef<ListPlace & { friend: FriendAnswer }>('FriendPayload').implement({
  description: 'The friendship after the change.',
  fields: (t) => ({
    friend: t.expose('friend', { type: FriendType, description: 'The friend as they are now.' }),
    listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
    listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
  }),
});

export const FriendRequestPayload = builder
  .objectRef<ListPlace & { request: FriendRequestAnswer }>('FriendRequestPayload')
  .implement({
    description: 'The request that was closed.',
    fields: (t) => ({
      request: t.expose('request', { type: FriendRequestType, description: 'The request.' }),
      listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
      listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
    }),
  });
