import type { Page } from '../../queries/keyset-cursor.ts';
import { builder } from './builder.ts';

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

// The user service gives out pages too: the type reads the same in both subgraphs.
export const PageInfoType = builder.objectRef<PageInfo>('PageInfo').implement({
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

export function pageInfoOf({ edges, hasNextPage, hasPreviousPage }: Page<unknown>): PageInfo {
  return {
    hasNextPage,
    hasPreviousPage,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
}
