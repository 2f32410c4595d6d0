import { LIVE_DIRECTIVE_SDL, LIVE_SPECIFICATION } from '@kith/event-contracts';
import { printSubgraphs } from '@kith/local';
import { composeSubgraphs } from '@kith/supergraph/compose';

/** A live list of many viewers, of a service that Kith does not know: the tasks of a board, which everybody may watch. */
export const SHARED_LIST = { kind: 'bench-board', owner: 'harbour', timeline: 'boards-1' } as const;

/** What its service is called, in the graph and in SUBGRAPHS_FILE. */
export const SHARED_LIST_SERVICE = 'bench-boards';

/** What one change is asked for, by everybody alike. */
export const WATCH_SHARED_LIST = `subscription { boardChanged(boardId: "${SHARED_LIST.owner}") { __typename revision cursor
  ... on TaskAdded { occurredAt task { id title done } } } }`;

const LINKS = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@composeDirective", "@inaccessible"])
  @link(url: "${LIVE_SPECIFICATION}", import: ["@live"])
  @composeDirective(name: "@live")
`;

const TYPES = `${LIVE_DIRECTIVE_SDL}
type Subscription {
  boardChanged(boardId: ID!, after: String): BoardChange!
    @live(kind: "${SHARED_LIST.kind}", changes: "boardChanges", stands: "boardStands", owner: "boardId")
}
type Query {
  boardChanges(boardId: ID!, after: String, first: Int = 200): BoardDelta!
  boardStands(owners: [ID!]!, cursors: [String!], viewers: [ID!]): BoardStands! @inaccessible
}
interface BoardChange { cursor: String! revision: Int! occurredAt: String! }
type BoardSnapshot implements BoardChange { cursor: String! revision: Int! occurredAt: String! complete: Boolean! tasks: [Task!]! }
type TaskAdded implements BoardChange { cursor: String! revision: Int! occurredAt: String! task: Task! }
type Task { id: ID! title: String! done: Boolean! }
type BoardDelta { changes: [BoardChange!]! cursor: String! revision: Int! hasMore: Boolean! }
type BoardStands @inaccessible { timeline: ID! revisions: [Int!]! unchanged: [Int]! mayWatch: [Boolean!]! }
`;

/** As the service executes it: without what only composition reads. */
export const SHARED_LIST_SCHEMA = `directive @inaccessible on FIELD_DEFINITION | OBJECT\n${TYPES}`;

/** The supergraph of Kith's services and this one. */
export async function composeWithSharedList(): Promise<string> {
  return composeSubgraphs([...(await printSubgraphs()), { name: SHARED_LIST_SERVICE, sdl: LINKS + TYPES }]);
}
