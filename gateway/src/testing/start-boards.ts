import { liveList, writeAnnouncement } from '@kith/event-contracts';
import {
  createLog,
  createSubgraphServer,
  createTokenVerifier,
  KithError,
  type SubgraphContext,
  startHttpServer,
} from '@kith/service-kit';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { createSchema } from 'graphql-yoga';
import { EXECUTABLE, FRIEND_SDL, LINK, LIVE, USER_SDL } from './neighbours-schemas.ts';
import type { Neighbours } from './with-test-gateway.ts';

export const BOARD = 'board';
export const BOARDS_PER_VIEWER = 40;

/** The tasks of a board, live for its members: a list that has many viewers, and an owner whom an argument names. */
const BOARDS_SDL = `${LINK} ${LIVE}
  type Query {
    boardChanges(boardId: ID!, after: String, first: Int = 200): BoardDelta!
    boardStands(owners: [ID!]!, cursors: [String!], viewers: [ID!]): BoardStands! @inaccessible
    tenant: String
  }
  type Subscription {
    boardChanged(boardId: ID!, after: String): BoardChange!
      @live(kind: "${BOARD}", changes: "boardChanges", stands: "boardStands", owner: "boardId", listsPerViewer: ${BOARDS_PER_VIEWER})
  }
  type User @key(fields: "id", resolvable: false) { id: ID! }
  union BoardChange = BoardSnapshot | TaskAdded | MemberLeft
  type BoardSnapshot { cursor: String! revision: Int! complete: Boolean! tasks: [Task!]! }
  type TaskAdded { cursor: String! revision: Int! task: Task! }
  type MemberLeft { cursor: String! revision: Int! userId: ID! }
  type Task { title: String! by: User! }
  type BoardDelta { changes: [BoardChange!]! cursor: String! revision: Int! hasMore: Boolean! }
  type BoardStands @inaccessible { timeline: ID! revisions: [Int!]! unchanged: [Int]! mayWatch: [Boolean!]! }
`;

export function composeWithBoards(): string {
  const subgraphs = { user: USER_SDL, friend: FRIEND_SDL, boards: BOARDS_SDL };
  const { supergraphSdl, errors } = composeServices(
    Object.entries(subgraphs).map(([name, sdl]) => ({ name, url: `http://${name}/graphql`, typeDefs: parse(sdl) })),
  );
  if (!supergraphSdl) throw new Error(String(errors));
  return supergraphSdl;
}

type Change = { readonly __typename: string; readonly cursor: string; readonly revision: number };

const task = (title: string) => ({ __typename: 'Task', title, by: { __typename: 'User', id: 'ada' } });

/** What the service keeps: a log of changes, and who is a member, per board. */
class Boards {
  readonly #changes = new Map<string, Change[]>();
  readonly #members = new Map<string, Set<string>>();
  /** How often each question was asked. */
  readonly asked = { changes: 0, mayWatch: 0, unchanged: 0 };

  join(board: string, ...people: string[]): void {
    this.#members.set(board, new Set([...(this.#members.get(board) ?? []), ...people]));
  }

  leave(board: string, userId: string): void {
    this.#members.get(board)?.delete(userId);
  }

  mayWatch(board: string, viewer: string | undefined): boolean {
    return this.#members.get(board)?.has(viewer ?? '') === true;
  }

  revision(board: string): number {
    return this.#changes.get(board)?.length ?? 0;
  }

  cursor(board: string, revision = this.revision(board)): string {
    return `${board}:${revision}`;
  }

  commit(board: string, what: { readonly __typename: string }): Change {
    const revision = this.revision(board) + 1;
    const change = { ...what, cursor: this.cursor(board, revision), revision };
    this.#changes.set(board, [...(this.#changes.get(board) ?? []), change]);
    return change;
  }

  changesSince(board: string, after: string | null, first: number) {
    const all = this.#changes.get(board) ?? [];
    const at = { cursor: this.cursor(board), revision: all.length };
    if (after === null) {
      const tasks = all.flatMap((change) => ('task' in change ? [change.task] : []));
      return { changes: [{ __typename: 'BoardSnapshot', ...at, complete: true, tasks }], ...at, hasMore: false };
    }
    const since = Number(after.slice(board.length + 1));
    const changes = all.slice(since, since + first);
    const revision = since + changes.length;
    return { changes, cursor: this.cursor(board, revision), revision, hasMore: revision < all.length };
  }
}

function boardsSchema(boards: Boards, tenant: () => unknown) {
  const { asked } = boards;
  return createSchema<SubgraphContext>({
    typeDefs: EXECUTABLE(BOARDS_SDL),
    resolvers: {
      Query: {
        boardChanges(_root, { boardId, after = null, first }, { viewer }) {
          asked.changes += 1;
          if (!boards.mayWatch(boardId, viewer?.userId)) throw new KithError('FORBIDDEN', 'That board is not yours.');
          return boards.changesSince(boardId, after, first);
        },
        boardStands: (
          _root,
          { owners, cursors = [], viewers = [] }: { owners: string[]; cursors?: string[]; viewers?: string[] },
        ) => ({
          timeline: 'boards-1',
          revisions: () => owners.map((board) => boards.revision(board)),
          unchanged() {
            asked.unchanged += 1;
            return owners.map((board, at) => (cursors[at] === boards.cursor(board) ? boards.revision(board) : null));
          },
          mayWatch() {
            asked.mayWatch += 1;
            return owners.map((board, at) => boards.mayWatch(board, viewers[at]));
          },
        }),
        tenant,
      },
    },
  });
}

/** A service that nobody here knows: boards in memory, behind HTTP. */
export async function startBoards(around: Neighbours) {
  const log = createLog({ name: 'boards', level: 'silent' });
  const boards = new Boards();
  const seenHeaders: Record<string, string | string[] | undefined>[] = [];
  const graphql = createSubgraphServer({
    schema: boardsSchema(boards, () => seenHeaders.at(-1)?.['x-tenant']),
    ...{ gatewayKey: around.gatewayKey, log, contextFor: (request: SubgraphContext) => request },
    verify: createTokenVerifier({ issuerUrls: [around.userUrl] }),
  });
  const http = await startHttpServer({
    ...{ host: '127.0.0.1', port: 0, log, ready: () => ({ ready: true, uses: {} }) },
    routes: {
      '/graphql': (request, response) => {
        seenHeaders.push(request.headers);
        return graphql(request, response);
      },
    },
  });

  function announce(board: string, change: Change, recheck = false): void {
    const list = { kind: BOARD, owner: board, timeline: 'boards-1', ...(recheck && { recheck: true as const }) };
    const text = writeAnnouncement(list, { ...change, occurredAt: new Date().toISOString() });
    around.broker.announce(liveList(BOARD, board), text);
  }

  return {
    url: http.url,
    asked: boards.asked,
    seenHeaders,
    join: (board: string, ...people: string[]) => boards.join(board, ...people),
    add(board: string, title: string, { announced = true } = {}): void {
      const change = boards.commit(board, { __typename: 'TaskAdded', task: task(title) } as { __typename: string });
      if (announced) announce(board, change);
    },
    leave(board: string, userId: string): void {
      boards.leave(board, userId);
      announce(board, boards.commit(board, { __typename: 'MemberLeft', userId } as { __typename: string }), true);
    },
    stop: () => http.stop(),
  };
}
