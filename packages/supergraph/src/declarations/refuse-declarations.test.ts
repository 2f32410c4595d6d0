// Longer than other files: one table of all that a declaration can have wrong, each composed for real.
import { LIVE_DIRECTIVE_SDL } from '@kith/event-contracts';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { plainSubscriptionsOf } from './plain-subscriptions.ts';
import { readLiveLists } from './read-live-lists.ts';
import { problemsOfLiveLists } from './refuse-declarations.ts';

const LINKS = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@key", "@composeDirective", "@inaccessible", "@shareable"])
  @link(url: "https://specs.kith.example/live/v1.0", import: ["@live"])
  @composeDirective(name: "@live")
${LIVE_DIRECTIVE_SDL}`;

/** Tasks of a board, live: whoever has the board's id and may see it. */
const BOARD = {
  live: 'boardChanged(boardId: ID!, after: String): TaskChange! @live(kind: "board", changes: "boardChanges", stands: "boardStands", owner: "boardId")',
  changes: 'boardChanges(boardId: ID!, after: String, first: Int = 200): BoardDelta!',
  stands: 'boardStands(owners: [ID!]!, cursors: [String], viewers: [ID!]): BoardStands! @inaccessible',
  delta: 'changes: [TaskChange!]! cursor: String! revision: Int! hasMore: Boolean!',
  standing: 'timeline: ID! revisions: [Int!]! unchanged: [Int]! mayWatch: [Boolean!]!',
  change: 'interface TaskChange { cursor: String! revision: Int! }',
  moved: 'type TaskMoved implements TaskChange { cursor: String! revision: Int! task: ID! }',
  more: '',
};

function composed(changed: Partial<typeof BOARD> = {}, others: readonly { name: string; sdl: string }[] = []) {
  const { live, changes, stands, delta, standing, change, moved, more } = { ...BOARD, ...changed };
  const sdl = `${LINKS}
    type Query { ${changes} ${stands} }
    type Subscription { ${live} }
    type BoardDelta { ${delta} }
    type BoardStands @inaccessible { ${standing} }
    ${change} ${moved} ${more}`;
  const { supergraphSdl, errors } = composeServices(
    [{ name: 'board', sdl }, ...others].map(({ name, sdl }) => ({ name, url: '', typeDefs: parse(sdl) })),
  );
  if (!supergraphSdl) throw new Error(String(errors));
  return parse(supergraphSdl);
}

const codesOf = (...args: Parameters<typeof composed>) =>
  problemsOfLiveLists(composed(...args)).map(({ code }) => code);

test('a declaration is read from the supergraph, with the subgraph that has it', () => {
  const supergraph = composed();
  expect(problemsOfLiveLists(supergraph)).toEqual([]);
  expect(readLiveLists(supergraph)).toEqual([
    {
      ...{ field: 'boardChanged', kind: 'board', changes: 'boardChanges', stands: 'boardStands', owner: 'boardId' },
      ...{ graph: 'BOARD', subgraph: 'board' },
    },
  ]);
});

const withLimits = (limits: string) => BOARD.live.replace('owner: "boardId")', `owner: "boardId", ${limits})`);

test('a declaration may say limits of its kind, beside others that say none', () => {
  const other = `${LINKS.replace(LIVE_DIRECTIVE_SDL, 'directive @live(kind: String!, changes: String!, stands: String!, owner: String) on FIELD_DEFINITION')}
    type Query { other: Int }`;
  const supergraph = composed({ live: withLimits('pageSize: 50, waitingBytes: 4096, listsPerViewer: 3') }, [
    { name: 'a', sdl: other },
    { name: 'z', sdl: other.replace('other: Int', 'another: Int') },
  ]);
  expect(problemsOfLiveLists(supergraph)).toEqual([]);
  expect(readLiveLists(supergraph)).toMatchObject([{ pageSize: 50, waitingBytes: 4096, listsPerViewer: 3 }]);
});

test.each(['pageSize: 0', 'pageSize: 501', 'waitingChanges: -1', 'waitingBytes: 10', 'listsPerViewer: 0'])(
  'a limit out of its bounds is refused: %s',
  (limits) => {
    expect(problemsOfLiveLists(composed({ live: withLimits(limits) }))).toEqual([
      {
        code: 'LIVE_LIMIT_INVALID',
        message: expect.stringMatching(
          /^Subscription.boardChanged has \w+: -?\d+, which is not a whole number from \d+/,
        ),
      },
    ]);
  },
);

test('a viewer’s own list needs no owner, and nobody to tell who may watch it', () => {
  const own = {
    live: 'boardChanged(after: String): TaskChange! @live(kind: "board", changes: "boardChanges", stands: "boardStands")',
    changes: 'boardChanges(after: String, first: Int): BoardDelta!',
    stands: 'boardStands(owners: [ID!]!, cursors: [String!]): BoardStands! @inaccessible',
    standing: 'timeline: String! revisions: [Int!]! unchanged: [Int]!',
  };
  expect(codesOf(own)).toEqual([]);
  expect(readLiveLists(composed(own))[0]).not.toHaveProperty('owner');
});

test('a union of changes will do, and one object', () => {
  const anyOf = 'union TaskChange = TaskMoved';
  const moved = 'type TaskMoved { cursor: String! revision: Int! }';
  expect(codesOf({ change: anyOf, moved })).toEqual([]);
  expect(codesOf({ change: 'type TaskChange { cursor: String! revision: Int! }', moved: '' })).toEqual([]);
});

test('the directive is known under the name that it is imported by; another’s @live is not ours', () => {
  const renamed = LINKS.replace('["@live"]', '[{ name: "@live", as: "@list" }]')
    .replace('name: "@live")', 'name: "@list")')
    .replace('directive @live', 'directive @list');
  const sdl = (links: string, name: string) => `${links}
    type Query { b(after: String, first: Int): D! s(owners: [ID!]!, cursors: [String]): S! @inaccessible }
    type Subscription { l(after: String): C! @${name}(kind: "b", changes: "b", stands: "s") }
    type C { cursor: String! revision: Int! } type D { changes: [C!]! cursor: String! revision: Int! hasMore: Boolean! }
    type S @inaccessible { timeline: ID! revisions: [Int!]! unchanged: [Int]! }`;
  const of = (text: string) =>
    parse(composeServices([{ name: 'a', url: '', typeDefs: parse(text) }]).supergraphSdl ?? '');
  expect(readLiveLists(of(sdl(renamed, 'list')))).toMatchObject([{ kind: 'b', field: 'l' }]);
  const foreign = of(sdl(LINKS.replace('kith.example/live', 'else.example/live'), 'live'));
  expect(readLiveLists(foreign)).toEqual([]);
  expect(plainSubscriptionsOf(foreign)).toEqual([{ field: 'l', subgraph: 'a' }]);
});

describe('refused, with a sentence', () => {
  test.each<[string, Partial<typeof BOARD>, string]>([
    ['a query that is not there', { changes: 'other: Int' }, 'LIVE_NO_SUCH_QUERY'],
    ['no query for many lists', { stands: '' }, 'LIVE_NO_SUCH_QUERY'],
    ['a kind that is no token', { live: BOARD.live.replace('"board"', '"board.>"') }, 'LIVE_KIND_INVALID'],
    ['a kind that is empty', { live: BOARD.live.replace('"board"', '""') }, 'LIVE_KIND_INVALID'],
    ['a kind that is in upper case', { live: BOARD.live.replace('"board"', '"Board"') }, 'LIVE_KIND_INVALID'],
    ['a kind that is two words', { live: BOARD.live.replace('"board"', '"board list"') }, 'LIVE_KIND_INVALID'],
    ['a kind that is a wildcard', { live: BOARD.live.replace('"board"', '"*"') }, 'LIVE_KIND_INVALID'],
    ['a kind that is of another alphabet', { live: BOARD.live.replace('"board"', '"бoard"') }, 'LIVE_KIND_INVALID'],
    ['a kind that is taken', { live: BOARD.live.replace('"board"', '"session-ended"') }, 'LIVE_KIND_INVALID'],
    [
      'a query for changes without a page size',
      { changes: BOARD.changes.replace(', first: Int = 200', '') },
      'LIVE_NO_SUCH_ARGUMENT',
    ],
    [
      'a query for changes that is not told whose',
      { changes: BOARD.changes.replace('boardId: ID!, ', '') },
      'LIVE_NO_SUCH_ARGUMENT',
    ],
    [
      'a query for many lists that is not told which',
      { stands: BOARD.stands.replace('owners: [ID!]!, ', '') },
      'LIVE_NO_SUCH_ARGUMENT',
    ],
    ['no argument for the cursor', { live: BOARD.live.replace(', after: String', '') }, 'LIVE_NO_SUCH_ARGUMENT'],
    ['an owner that no argument names', { live: BOARD.live.replace('boardId: ID!, ', '') }, 'LIVE_NO_SUCH_ARGUMENT'],
    ['an owner that is a number', { live: BOARD.live.replace('ID!', 'Int!') }, 'LIVE_WRONG_TYPE'],
    [
      'an argument that nobody heeds',
      { live: BOARD.live.replace('after:', 'only: ID, after:') },
      'LIVE_UNKNOWN_ARGUMENT',
    ],
    [
      'a change without a revision',
      {
        moved: 'type TaskMoved implements TaskChange { cursor: String! }',
        change: 'interface TaskChange { cursor: String! }',
      },
      'LIVE_WRONG_TYPE',
    ],
    ['a change that is a number', { live: BOARD.live.replace('TaskChange!', 'Int') }, 'LIVE_WRONG_TYPE'],
    ['a list of changes', { live: BOARD.live.replace('TaskChange!', '[TaskChange!]!') }, 'LIVE_WRONG_TYPE'],
    ['changes that may be nothing', { delta: BOARD.delta.replace('[TaskChange!]', '[TaskChange]') }, 'LIVE_WRONG_TYPE'],
    ['changes of another type', { delta: BOARD.delta.replace('[TaskChange!]!', '[Int!]!') }, 'LIVE_WRONG_TYPE'],
    ['an answer without hasMore', { delta: BOARD.delta.replace('hasMore: Boolean!', '') }, 'LIVE_WRONG_TYPE'],
    [
      'an answer that is a number',
      { changes: 'boardChanges(boardId: ID!, after: String, first: Int): Int' },
      'LIVE_WRONG_TYPE',
    ],
    [
      'a query that needs more',
      { changes: BOARD.changes.replace('after:', 'more: Int!, after:') },
      'LIVE_UNKNOWN_ARGUMENT',
    ],
    [
      'a cursor that is needed',
      { changes: BOARD.changes.replace('after: String', 'after: String!') },
      'LIVE_WRONG_TYPE',
    ],
    ['stands without a timeline', { standing: BOARD.standing.replace('timeline: ID!', '') }, 'LIVE_WRONG_TYPE'],
    [
      'stands with lists that may be missing',
      { standing: BOARD.standing.replace('[Int!]!', '[Int!]') },
      'LIVE_WRONG_TYPE',
    ],
    [
      'nobody who tells who may watch',
      { standing: BOARD.standing.replace('mayWatch: [Boolean!]!', '') },
      'LIVE_WRONG_TYPE',
    ],
    [
      'stands that are given no viewers',
      { stands: BOARD.stands.replace(', viewers: [ID!]', '') },
      'LIVE_NO_SUCH_ARGUMENT',
    ],
    [
      'stands that everybody may ask for',
      { stands: BOARD.stands.replace('@inaccessible', ''), standing: BOARD.standing, more: '' },
      'LIVE_STANDS_IS_PUBLIC',
    ],
  ])('%s', (what, changed, code) => {
    // Whoever may ask has to see the type.
    const supergraph = code === 'LIVE_STANDS_IS_PUBLIC' ? publicStands() : composed(changed);
    const problems = problemsOfLiveLists(supergraph);
    expect(
      problems.map((problem) => problem.code),
      what,
    ).toContain(code);
    for (const { message } of problems) expect(message).toMatch(/board.*\.$/);
  });

  function publicStands() {
    const sdl = `${LINKS} type Query { ${BOARD.changes} ${BOARD.stands.replace('@inaccessible', '')} }
      type Subscription { ${BOARD.live} } type BoardDelta { ${BOARD.delta} } type BoardStands { ${BOARD.standing} }
      ${BOARD.change} ${BOARD.moved}`;
    return parse(composeServices([{ name: 'board', url: '', typeDefs: parse(sdl) }]).supergraphSdl ?? '');
  }

  test('two fields for one kind, of one subgraph or of two', () => {
    const twice = `${BOARD.live} ${BOARD.live.replace('boardChanged', 'boardAgain')}`;
    expect(codesOf({ live: twice })).toEqual(['LIVE_KIND_TWICE']);
    const other = `${LINKS} type Query { b(after: String, first: Int): D! s(owners: [ID!]!, cursors: [String]): S! @inaccessible }
      type Subscription { l(after: String): C! @live(kind: "board", changes: "b", stands: "s") }
      type C { cursor: String! revision: Int! } type D { changes: [C!]! cursor: String! revision: Int! hasMore: Boolean! }
      type S @inaccessible { timeline: ID! revisions: [Int!]! unchanged: [Int]! }`;
    expect(codesOf({}, [{ name: 'other', sdl: other }])).toEqual(['LIVE_KIND_TWICE']);
  });

  test('a change without an end; one that leads back by an entity has one', () => {
    const moved = 'type TaskMoved implements TaskChange { cursor: String! revision: Int! task: Task! }';
    const more = 'type Task { id: ID! parts: [Task!]! }';
    expect(codesOf({ moved, more })).toEqual(['LIVE_ENDLESS']);
    expect(codesOf({ moved, more: more.replace('Task {', 'Task @key(fields: "id") {') })).toEqual([]);
  });

  test('a query of another subgraph', () => {
    const elsewhere = [
      {
        name: 'other',
        sdl: `${LINKS} type Query { there(boardId: ID!, after: String, first: Int): Int }`,
      },
    ];
    const live = BOARD.live.replace('"boardChanges"', '"there"');
    expect(codesOf({ live }, elsewhere)).toContain('LIVE_QUERY_ELSEWHERE');
  });

  test('a query that is a mutation, or the subscription itself', () => {
    const more = 'type Mutation { boardChangesNow(boardId: ID!, after: String, first: Int): BoardDelta! }';
    const named = (name: string) => BOARD.live.replace('"boardChanges"', `"${name}"`);
    expect(codesOf({ live: named('boardChangesNow'), more })).toEqual(['LIVE_NO_SUCH_QUERY']);
    expect(codesOf({ live: named('boardChanged') })).toEqual(['LIVE_NO_SUCH_QUERY']);
    expect(codesOf({ live: named('') })).toEqual(['LIVE_NO_SUCH_QUERY']);
  });

  test('a field of an object, of an interface or of a mutation that says it is a list', () => {
    const tasks = 'tasks: Int @live(kind: "tasks", changes: "boardChanges", stands: "boardStands")';
    for (const more of [`type Other { ${tasks} }`, `interface Other { ${tasks} }`, `type Mutation { ${tasks} }`]) {
      expect(codesOf({ more }), more).toEqual(['LIVE_NOT_A_SUBSCRIPTION']);
    }
  });

  test('a field that is no subscription', () => {
    const changes = `${BOARD.changes} tasks: Int @live(kind: "tasks", changes: "boardChanges", stands: "boardStands")`;
    expect(codesOf({ changes })).toEqual(['LIVE_NOT_A_SUBSCRIPTION']);
  });
});
