import type { UserRow } from '../profiles/user-row.ts';
import type { FoundPage } from '../search/search-users.ts';
import { builder } from './builder.ts';
import { UserType } from './user-type.ts';

// The friend service returns lists of users too: the three types must be equal in both subgraphs.

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

const PageInfoType = builder.objectRef<PageInfo>('PageInfo').implement({
  shareable: true,
  description: 'Where a page stands in its list (Relay).',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether more follow.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', { description: 'Whether there are any before.' }),
    startCursor: t.exposeString('startCursor', {
      nullable: true,
      description: 'The first edge’s; null on an empty page.',
    }),
    endCursor: t.exposeString('endCursor', {
      nullable: true,
      description: 'The last edge’s, to pass as `after`; null on an empty page.',
    }),
  }),
});

const UserEdgeType = builder.objectRef<{ cursor: string; node: UserRow }>('UserEdge').implement({
  shareable: true,
  description: 'A user in a list.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Where this user stands: pass it as `after`.' }),
    node: t.expose('node', { type: UserType, description: 'The user.' }),
  }),
});

export const UserConnectionType = builder.objectRef<FoundPage>('UserConnection').implement({
  shareable: true,
  description: 'A page of users.',
  fields: (t) => ({
    edges: t.expose('edges', { type: [UserEdgeType], description: 'The users of this page, in order.' }),
    pageInfo: t.field({
      type: PageInfoType,
      description: 'Where this page stands in the list.',
      resolve: ({ edges, hasNextPage, hasPreviousPage }) => ({
        hasNextPage,
        hasPreviousPage,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      }),
    }),
  }),
});
