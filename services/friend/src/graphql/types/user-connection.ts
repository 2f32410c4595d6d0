import type { UserAnswer } from '@kith/event-contracts';
import type { Page } from '../../queries/keyset-cursor.ts';
import { builder } from './builder.ts';
import { PageInfoType, pageInfoOf } from './page-info-type.ts';
import { UserWithProfile } from './user-type.ts';

// The user service gives out lists of users too: the types read the same in both subgraphs.

const UserEdgeType = builder.objectRef<{ cursor: string; node: UserAnswer }>('UserEdge').implement({
  shareable: true,
  description: 'A user in a list.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Where this user stands: pass it as `after`.' }),
    node: t.expose('node', { type: UserWithProfile, description: 'The user.' }),
  }),
});

export const UserConnectionType = builder.objectRef<Page<UserAnswer>>('UserConnection').implement({
  shareable: true,
  description: 'A page of users.',
  fields: (t) => ({
    edges: t.field({
      type: [UserEdgeType],
      description: 'The users of this page, in order.',
      resolve: ({ edges }) => [...edges],
    }),
    pageInfo: t.field({
      type: PageInfoType,
      description: 'Where this page stands in the list.',
      resolve: pageInfoOf,
    }),
  }),
});
