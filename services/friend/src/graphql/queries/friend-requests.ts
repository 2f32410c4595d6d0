import type { FriendRequestAnswer } from '@kith/event-contracts';
import { readPageSize } from '@kith/service-kit';
import { type FriendRequestPage, readFriendRequests } from '../../queries/read-friend-requests.ts';
import { builder, onlyOneself } from '../types/builder.ts';
import { FriendRequestType } from '../types/friend-request-type.ts';
import { PageInfoType, pageInfoOf } from '../types/page-info-type.ts';
import { UserType } from '../types/user-type.ts';

const RequestDirectionType = builder.enumType('RequestDirection', {
  description: 'Which open requests.',
  values: {
    INCOMING: { description: 'Those that others have sent.' },
    OUTGOING: { description: 'Those that one has sent oneself.' },
  } as const,
});

const FriendRequestEdgeType = builder
  .objectRef<{ cursor: string; node: FriendRequestAnswer }>('FriendRequestEdge')
  .implement({
    description: 'A request in a list.',
    fields: (t) => ({
      cursor: t.exposeString('cursor', { description: 'Where this request stands: pass it as `after`.' }),
      node: t.expose('node', { type: FriendRequestType, description: 'The request.' }),
    }),
  });

const FriendRequestConnectionType = builder.objectRef<FriendRequestPage>('FriendRequestConnection').implement({
  description: 'A page of open requests.',
  fields: (t) => ({
    edges: t.field({
      type: [FriendRequestEdgeType],
      description: 'The requests of this page, in order.',
      resolve: ({ edges }) => [...edges],
    }),
    pageInfo: t.field({
      type: PageInfoType,
      description: 'Where this page stands in the list.',
      resolve: pageInfoOf,
    }),
    totalCount: t.exposeInt('totalCount', {
      description: 'How many are open in this direction, on all pages together.',
    }),
  }),
});

builder.objectField(UserType, 'friendRequests', (t) =>
  t.field({
    type: FriendRequestConnectionType,
    description: 'Open requests, newest first. Only the user themself can read them; FORBIDDEN for others.',
    args: {
      direction: t.arg({ type: RequestDirectionType, defaultValue: 'INCOMING', description: 'Received or sent.' }),
      first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }),
      after: t.arg.string({ description: 'The cursor of the last request of the page before.' }),
    },
    resolve: ({ id }, { direction, first, after }, context) => {
      onlyOneself(id, context);
      const page = { direction: direction ?? 'INCOMING', first: readPageSize(first ?? 20), after };
      return readFriendRequests(context.reads, id, page);
    },
  }),
);
