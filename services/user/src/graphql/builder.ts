import { KithError, type Reads, type SubgraphContext, type Viewer } from '@kith/service-kit';
import SchemaBuilder from '@pothos/core';
// The federation plugin needs the directives plugin before it.
import DirectivePlugin from '@pothos/plugin-directives';
import FederationPlugin from '@pothos/plugin-federation';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import type { UserLoader } from '../profiles/load-users.ts';

export interface UserContext extends SubgraphContext {
  readonly parts: UserServiceParts;
  /** Reads for this request alone: they are cancelled once nobody waits for the answer. */
  readonly reads: Reads;
  /** Reads that may be late; what this user has changed is there. */
  lateReads(viewerId: string): Reads;
  readonly users: UserLoader;
  /** Users who authenticated in this request: signed up, signed in, or refreshed their session. */
  readonly provenUserIds: Set<string>;
}

export const builder = new SchemaBuilder<{
  Context: UserContext;
  DefaultFieldNullability: false;
  Scalars: { DateTime: { Input: Date; Output: Date }; ID: { Input: string; Output: string } };
}>({
  plugins: [DirectivePlugin, FederationPlugin],
  directives: { useGraphQLToolsUnorderedDirectives: true },
  defaultFieldNullability: false,
});

builder.queryType({});
builder.mutationType({});

builder.scalarType('DateTime', {
  description: 'An instant, RFC 3339, UTC.',
  serialize: (instant) => instant.toISOString(),
  parseValue: (value) => {
    const instant = new Date(String(value));
    if (Number.isNaN(instant.getTime())) throw new KithError('BAD_USER_INPUT', 'A DateTime is written as in RFC 3339.');
    return instant;
  },
});

/** The signed-in user; KithError UNAUTHENTICATED when nobody is. */
export function viewerOf(context: UserContext): Viewer {
  if (context.viewer) return context.viewer;
  throw new KithError('UNAUTHENTICATED', 'Sign in first.');
}
