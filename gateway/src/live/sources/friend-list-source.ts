import { atMostAtOnce } from '@kith/service-kit';
import { GraphQLError } from 'graphql';
import type { GatewayContext } from '../../request/gateway-context.ts';
import type { Subgraph, SubgraphResult } from '../../subgraphs/call-subgraph.ts';
import type { ListDelta } from '../list/changes-since.ts';
import { SubscriptionRefused } from '../list/live-list-inputs.ts';
import { askTogether } from './ask-together.ts';
import type { FriendListChange } from './friend-list-change.ts';

export interface FriendListSource {
  /**
   * What happened to the viewer's list since the cursor; a whole snapshot for null or a cursor that cannot be continued.
   * Throws SubscriptionRefused when the viewer may not have it, a GraphQLError when the service failed.
   */
  changesSince(cursor: string | null, viewer: GatewayContext): Promise<ListDelta<FriendListChange>>;
  /**
   * The same, asked first whether there is anything: what waits to be asked is asked as one, so that a crowd that comes
   * back to lists that have not changed costs next to nothing.
   */
  changesSinceIfAny(cursor: string | null, viewer: GatewayContext): Promise<ListDelta<FriendListChange>>;
  /** Where these lists stand now, by owner; a list that nobody ever changed may be missing. */
  revisionsOf(ownerIds: readonly string[]): Promise<ListRevisions>;
}

export interface ListRevisions {
  /** What the revisions count in: another one once the database was restored from a backup. */
  readonly timeline: string;
  readonly revisions: ReadonlyMap<string, number>;
}

/** `changeSelection`: all that an announcement holds of a FriendListChange, by the schema as it is now. */
export function createFriendListSource(
  friendSubgraph: Pick<Subgraph, 'call'>,
  changeSelection: () => string,
): FriendListSource {
  // A crowd that returns at once must neither time out in a queue nor keep everybody else's reads waiting behind it.
  const limited = atMostAtOnce(CATCH_UPS_AT_ONCE);

  async function changesSince(cursor: string | null, viewer: GatewayContext) {
    const ask = () =>
      friendSubgraph.call({
        query: changesSinceWith(changeSelection()),
        variables: { after: cursor, first: CHANGES_PER_PAGE },
        authorization: viewer.authorization,
        traceparent: viewer.traceparent,
      });
    return dataOf(await limited(ask)).friendListChanges;
  }

  const stillAt = askTogether(async (lists: readonly { ownerId: string; cursor: string }[]) => {
    const variables = { ownerIds: lists.map(({ ownerId }) => ownerId), cursors: lists.map(({ cursor }) => cursor) };
    const result = await friendSubgraph.call({ query: STILL_AT, variables });
    return dataOf(result).friendListsStillAt as (number | null)[];
  }, CURSORS_PER_QUESTION);

  return {
    changesSince,
    async changesSinceIfAny(cursor, viewer) {
      const revision = cursor && viewer.viewer ? await stillAt({ ownerId: viewer.viewer.userId, cursor }) : null;
      if (cursor === null || revision === null) return changesSince(cursor, viewer);
      return { changes: [], cursor, revision, hasMore: false };
    },
    async revisionsOf(ownerIds) {
      const result = await friendSubgraph.call({ query: REVISIONS_OF, variables: { ownerIds } });
      const { friendListTimeline, friendListRevisions } = dataOf(result);
      const revisions: { ownerId: string; revision: number }[] = friendListRevisions;
      return {
        timeline: friendListTimeline,
        revisions: new Map(revisions.map(({ ownerId, revision }) => [ownerId, revision])),
      };
    },
  };
}

const CHANGES_PER_PAGE = 200;
const CATCH_UPS_AT_ONCE = 16;
/** Some 100 KB. */
const CURSORS_PER_QUESTION = 500;

const changesSinceWith = (changeSelection: string) => /* GraphQL */ `
  query FriendListChanges($after: String, $first: Int) {
    friendListChanges(after: $after, first: $first) { cursor revision hasMore changes ${changeSelection} }
  }
`;

const REVISIONS_OF = /* GraphQL */ `
  query FriendListRevisions($ownerIds: [ID!]!) {
    friendListTimeline
    friendListRevisions(ownerIds: $ownerIds) { ownerId revision }
  }
`;

const STILL_AT = /* GraphQL */ `
  query FriendListsStillAt($ownerIds: [ID!]!, $cursors: [String!]!) {
    friendListsStillAt(ownerIds: $ownerIds, cursors: $cursors)
  }
`;

/** Asking again changes nothing about these. */
const REFUSALS = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'BAD_USER_INPUT', 'SESSION_ENDED', 'NOT_ALLOWED']);

function dataOf(result: SubgraphResult) {
  const [error] = result.errors ?? [];
  if (error) {
    const asked = new GraphQLError(error.message, { extensions: error.extensions ?? {} });
    throw REFUSALS.has(String(asked.extensions.code)) ? new SubscriptionRefused(asked) : asked;
  }
  return result.data;
}
