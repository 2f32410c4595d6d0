import { atMostAtOnce, invariant } from '@kith/service-kit';
import { GraphQLError } from 'graphql';
import type { GatewayContext } from '../../request/gateway-context.ts';
import type { Subgraph, SubgraphResult } from '../../subgraphs/call-subgraph.ts';
import type { AnnouncedList } from '../../subgraphs/read-announced-lists.ts';
import type { ListDelta } from '../list/changes-since.ts';
import type { ListChange } from '../list/list-change.ts';
import { comeBack, SubscriptionRefused } from '../list/live-list-inputs.ts';
import { askTogether } from './ask-together.ts';

/** The store of one kind of list: the service that declares it. */
export interface ListSource {
  /**
   * What happened to the list since the cursor; a whole snapshot for null or a cursor that cannot be continued. Throws
   * SubscriptionRefused when the viewer may not have it, a GraphQLError when the service failed.
   */
  changesSince(owner: string, cursor: string | null, viewer: GatewayContext): Promise<ListDelta<ListChange>>;
  /**
   * The same, asked first whether there is anything: what waits to be asked is asked as one, so that a crowd that comes
   * back to lists that have not changed costs next to nothing.
   */
  changesSinceIfAny(owner: string, cursor: string | null, viewer: GatewayContext): Promise<ListDelta<ListChange>>;
  /** Where these lists stand now, by owner. */
  revisionsOf(owners: readonly string[]): Promise<ListRevisions>;
  /** Of each whether that viewer may watch that list, in order. */
  mayWatch(watching: readonly Watching[]): Promise<readonly boolean[]>;
}

export interface Watching {
  readonly owner: string;
  readonly viewerId: string;
}

export interface ListRevisions {
  /** What the revisions count in: another one once the database was restored from a backup. */
  readonly timeline: string;
  readonly revisions: ReadonlyMap<string, number>;
}

/** `list` is what the schema says of the kind now; `subgraphOf` finds the service that it names. */
export function createListSource(
  list: () => AnnouncedList,
  subgraphOf: (name: string) => Pick<Subgraph, 'call'>,
): ListSource {
  // A crowd that returns at once must neither time out in a queue nor keep everybody else's reads waiting behind it.
  const limited = atMostAtOnce(CATCH_UPS_AT_ONCE);
  const ask = (query: string, variables: object, from?: GatewayContext, tellLength?: (length: number) => void) =>
    subgraphOf(list().subgraph).call({
      query,
      tellLength,
      variables: variables as Record<string, unknown>,
      authorization: from?.authorization,
      traceparent: from?.traceparent,
      forwarded: from?.forwarded,
    });

  async function changesSince(owner: string, cursor: string | null, viewer: GatewayContext) {
    const { pageSize: first = CHANGES_PER_PAGE } = list();
    const variables = { after: cursor, first, ...(list().owner !== undefined && { owner }) };
    let bytes = 0;
    const tellLength = (length: number) => {
      bytes = length;
    };
    const result = await limited(() => ask(changesOf(list()), variables, viewer, tellLength));
    return { ...dataOf(result)[list().changes], bytes };
  }

  async function askWhoIsStillAt(these: readonly StillAt[]): Promise<(number | null)[]> {
    const mayBeRefused = list().owner !== undefined;
    const variables = {
      owners: these.map(({ owner }) => owner),
      cursors: these.map(({ cursor }) => cursor),
      ...(mayBeRefused && { viewers: these.map(({ viewerId }) => viewerId) }),
    };
    try {
      const query = standsOf(list(), mayBeRefused ? 'unchanged mayWatch' : 'unchanged');
      const { unchanged, mayWatch } = dataOf(await ask(query, variables)).stands;
      return unchanged.map((revision: number | null, at: number) => (mayBeRefused && !mayWatch[at] ? null : revision));
    } catch (error) {
      // One of them may be why, or the service is of another version: each asks for itself, and is told.
      if (error instanceof SubscriptionRefused) return these.map(() => null);
      throw error;
    }
  }
  const stillAt = askTogether(askWhoIsStillAt, CURSORS_PER_QUESTION);

  return {
    changesSince,
    async changesSinceIfAny(owner, cursor, viewer) {
      const viewerId = viewer.viewer?.userId;
      const revision = cursor !== null && viewerId !== undefined ? await stillAt({ owner, cursor, viewerId }) : null;
      if (cursor === null || revision === null) return changesSince(owner, cursor, viewer);
      return { changes: [], cursor, revision, hasMore: false };
    },
    async revisionsOf(owners) {
      const { timeline, revisions } = dataOf(await ask(standsOf(list(), 'timeline revisions'), { owners })).stands;
      refuseOther(revisions, owners);
      return { timeline, revisions: new Map(owners.map((owner, at) => [owner, revisions[at]])) };
    },
    async mayWatch(watching) {
      const variables = {
        owners: watching.map(({ owner }) => owner),
        viewers: watching.map(({ viewerId }) => viewerId),
      };
      const { mayWatch } = dataOf(await ask(standsOf(list(), 'mayWatch'), variables)).stands;
      refuseOther(mayWatch, watching);
      return mayWatch;
    },
  };
}

interface StillAt extends Watching {
  readonly cursor: string;
}

const CHANGES_PER_PAGE = 200;
const CATCH_UPS_AT_ONCE = 16;
/** Some 100 KB. */
const CURSORS_PER_QUESTION = 500;

function changesOf({ changes, changeSelection, owner }: AnnouncedList): string {
  const [declared, given] = owner === undefined ? ['', ''] : ['$owner: ID!, ', `${owner}: $owner, `];
  return `query ListChanges(${declared}$after: String, $first: Int!) {
    ${changes}(${given}after: $after, first: $first) { cursor revision hasMore changes ${changeSelection} }
  }`;
}

function standsOf({ stands }: AnnouncedList, selection: string): string {
  const [cursors, givenCursors] = selection.includes('unchanged')
    ? [', $cursors: [String!]', ', cursors: $cursors']
    : [];
  const [viewers, givenViewers] = selection.includes('mayWatch') ? [', $viewers: [ID!]', ', viewers: $viewers'] : [];
  return `query ListStands($owners: [ID!]!${cursors ?? ''}${viewers ?? ''}) {
    stands: ${stands}(owners: $owners${givenCursors ?? ''}${givenViewers ?? ''}) { ${selection} }
  }`;
}

function refuseOther(answered: readonly unknown[], asked: readonly unknown[]): void {
  invariant(answered.length === asked.length, 'a list that is asked about is answered for', () => ({
    ...{ asked: asked.length, answered: answered.length },
  }));
}

/** What a service calls it when a part of a snapshot is asked for that it has no more. */
const SNAPSHOT_EXPIRED = 'SNAPSHOT_EXPIRED';
/** Asking again changes nothing about these. */
const REFUSALS = new Set([
  ...['UNAUTHENTICATED', 'FORBIDDEN', 'BAD_USER_INPUT', 'SESSION_ENDED', 'NOT_ALLOWED', 'NOT_FOUND'],
  'GRAPHQL_VALIDATION_FAILED',
]);

function dataOf(result: SubgraphResult) {
  const [error] = result.errors ?? [];
  if (error) {
    const asked = new GraphQLError(error.message, { extensions: error.extensions ?? {} });
    const { code } = asked.extensions;
    // The rest of it is not there any more: whoever comes back is given another from its beginning.
    if (code === SNAPSHOT_EXPIRED) throw new SubscriptionRefused(comeBack());
    throw REFUSALS.has(String(code)) ? new SubscriptionRefused(asked) : asked;
  }
  return result.data;
}
