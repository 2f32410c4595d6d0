import {
  KithError,
  type Reads,
  readLate,
  readUntilCallerLeaves,
  type SubgraphContext,
  type Viewer,
} from '@kith/service-kit';
import SchemaBuilder from '@pothos/core';
// The federation plugin needs the directives plugin before it.
import DirectivePlugin from '@pothos/plugin-directives';
import FederationPlugin from '@pothos/plugin-federation';
import DataLoader from 'dataloader';
import type { FriendServiceParts } from '../../parts/friend-service-parts.ts';
import { type Relation, readRelations } from '../../queries/read-relations.ts';
import { standingOfLists } from '../../queries/standing-of-lists.ts';

export interface FriendContext extends SubgraphContext {
  readonly parts: FriendServiceParts;
  /** What is read for this request alone: it ends when nobody waits for the answer any more. */
  readonly reads: Reads;
  /** Reads that may be late; whatever moved the lists of these people, or was decided by them, is there. */
  lateReads(people: readonly string[]): Reads;
  /** Of this request's viewer to others: all that are asked for at once in one statement. */
  readonly relations: DataLoader<string, Relation>;
}

/** What a request's resolvers find in its context. */
export function friendContext(request: SubgraphContext, parts: FriendServiceParts): FriendContext {
  const reads = readUntilCallerLeaves(parts.pool, request.callerGone);
  const relations = new DataLoader<string, Relation>((userIds) =>
    readRelations(reads, viewerOf(request).userId, userIds),
  );
  const lateReads = (people: readonly string[]) =>
    readLate({
      primary: parts.pool,
      replica: parts.replica,
      callerGone: request.callerGone,
      own: standingOfLists(people),
    });
  return { ...request, parts, reads, lateReads, relations };
}

export const builder = new SchemaBuilder<{
  Context: FriendContext;
  DefaultFieldNullability: false;
  // Instants arrive here as text already: from the view, from the events and from announcements alike.
  Scalars: { DateTime: { Input: string; Output: string }; ID: { Input: string; Output: string } };
}>({
  plugins: [DirectivePlugin, FederationPlugin],
  directives: { useGraphQLToolsUnorderedDirectives: true },
  defaultFieldNullability: false,
});

builder.queryType({});
builder.mutationType({});
builder.subscriptionType({});

builder.scalarType('DateTime', {
  description: 'An instant, RFC 3339, UTC.',
  serialize: (instant) => instant,
  parseValue: (value) => {
    if (Number.isNaN(Date.parse(String(value)))) {
      throw new KithError('BAD_USER_INPUT', 'A DateTime is written as in RFC 3339.');
    }
    return String(value);
  },
});

/** The signed-in user; KithError UNAUTHENTICATED when nobody is. */
export function viewerOf(context: SubgraphContext): Viewer {
  if (context.viewer) return context.viewer;
  throw new KithError('UNAUTHENTICATED', 'Sign in first.');
}

/** The viewer, when this user is the viewer; KithError FORBIDDEN when it is somebody else. */
export function onlyOneself(userId: string, context: FriendContext): Viewer {
  const viewer = viewerOf(context);
  if (viewer.userId === userId) return viewer;
  throw new KithError('FORBIDDEN', 'Only the user themself can read this.');
}
