import { createLog } from '@kith/service-kit';
import { composeServices } from '@theguild/federation-composition';
import fc from 'fast-check';
import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLObjectType,
  GraphQLSchema,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isInterfaceType,
  isLeafType,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import { afterAll, expect, test } from 'vitest';
import { type PlannedOperation, planOperations } from '../plan/plan-operations.ts';
import { readSupergraph } from '../subgraphs/read-supergraph.ts';
import { LIVE } from '../testing/neighbours-schemas.ts';
import { rememberProjections } from './project-announcement.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",
  import: ["@key", "@shareable", "@external", "@provides", "@inaccessible", "@composeDirective"])`;
const USER_SDL = `${LINK}
  type Query { me: User }
  type User @key(fields: "id") { id: ID! username: String! nickname: String! @shareable avatarUrl: String @shareable }
`;
const FRIEND_SDL = `${LINK} ${LIVE}
  type Query {
    changes(after: String, first: Int): Delta! @inaccessible
    stands(owners: [ID!]!, cursors: [String!]): Stands! @inaccessible
  }
  type Delta @inaccessible { changes: [FriendListChange!]! cursor: String! revision: Int! hasMore: Boolean! }
  type Stands @inaccessible { timeline: ID! revisions: [Int!]! unchanged: [Int]! }
  type Subscription {
    friendListChanged(after: String): FriendListChange! @live(kind: "friends", changes: "changes", stands: "stands")
  }
  interface FriendListChange { cursor: String! revision: Int! occurredAt: String! }
  type FriendListSnapshot implements FriendListChange {
    cursor: String! revision: Int! occurredAt: String! friends: [Friend!]! complete: Boolean!
  }
  type FriendChanged implements FriendListChange { cursor: String! revision: Int! occurredAt: String! friend: Friend! }
  type FriendRemoved implements FriendListChange { cursor: String! revision: Int! occurredAt: String! userId: ID! }
  type Friend {
    user: User! @provides(fields: "nickname avatarUrl") remark: String pinned: Boolean! tags: [String!]! request: Request
  }
  type Request { id: ID! from: User! @provides(fields: "nickname avatarUrl") }
  type User @key(fields: "id") { id: ID! nickname: String! @external avatarUrl: String @external }
`;
const { supergraphSdl } = composeServices([
  { name: 'user', url: 'http://user/graphql', typeDefs: parse(USER_SDL) },
  { name: 'friend', url: 'http://friend/graphql', typeDefs: parse(FRIEND_SDL) },
]);
const log = createLog({ name: 'gateway', level: 'silent' });
const supergraph = await readSupergraph(supergraphSdl!, ['user', 'friend'], { log });
afterAll(() => supergraph.planner.stop());
const { schema } = supergraph;
const neverAsked = { call: () => Promise.reject(new Error('A service was asked.')) };
const masked = new GraphQLError('masked');
const plan = planOperations(supergraph, { user: neverAsked, friend: neverAsked });
const projectionFor = rememberProjections(() => masked);

async function planned(document: DocumentNode, variableValues: Record<string, unknown> = {}) {
  const operation = getOperationAST(document)!;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues);
  return plan(document, operation, coerced!);
}
async function projectionOf(document: DocumentNode, variableValues?: Record<string, unknown>) {
  const { announced, gather } = (await planned(document, variableValues)) as PlannedOperation;
  expect(gather).toBeUndefined();
  return projectionFor(announced!);
}

const user = { __typename: 'User', id: 'u1', nickname: 'Ada', avatarUrl: null };
const friends = [
  { user, remark: null, pinned: true, tags: ['a', 'b'], request: null },
  { user: { ...user, avatarUrl: 'https://a' }, remark: 'R', pinned: false, tags: [], request: { id: 'r', from: user } },
];
const common = { cursor: 'c', revision: 7, occurredAt: '2026-01-01T00:00:00.000Z' };
const announcements = [
  { __typename: 'FriendListSnapshot', ...common, friends, complete: true },
  { __typename: 'FriendListSnapshot', ...common, friends: [], complete: false },
  { __typename: 'FriendChanged', ...common, friend: friends[0] },
  { __typename: 'FriendChanged', ...common, friend: friends[1] },
  { __typename: 'FriendRemoved', ...common, userId: 'u9' },
];

const directive = fc.constantFrom(
  '',
  '',
  '',
  ' @include(if: $yes)',
  ' @skip(if: $no)',
  ' @include(if: $no)',
  ' @skip(if: $yes)',
);
const alias = fc.constantFrom('', '', 'a', 'b', 'cursor');

/** A selection set for a type: fields, aliases, directives, inline fragments and fragments by name. */
function selectionOf(typeName: string, depth: number): fc.Arbitrary<string> {
  const type = schema.getType(typeName) as GraphQLObjectType;
  const choices: fc.Arbitrary<string>[] = [
    fc.tuple(alias, directive).map(([name, where]) => `${name ? `${name}: ` : ''}__typename${where}`),
  ];
  for (const field of Object.values(type.getFields())) {
    if (field.name === 'username') continue;
    const named = getNamedType(field.type);
    const below = isLeafType(named)
      ? fc.constant('')
      : depth === 0
        ? fc.constant(' { __typename }')
        : selectionOf(named.name, depth - 1);
    choices.push(
      fc
        .tuple(alias, directive, below)
        .map(([name, where, set]) => `${name ? `${name}: ` : ''}${field.name}${where}${set}`),
    );
  }
  if (depth > 0) {
    const conditions = isInterfaceType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [typeName];
    for (const on of conditions) {
      const inside = selectionOf(on, depth - 1);
      choices.push(fc.tuple(directive, inside).map(([where, set]) => `... on ${on}${where}${set}`));
      if (isObjectType(type)) choices.push(fc.tuple(directive, inside).map(([where, set]) => `...${where}${set}`));
    }
    if (typeName === 'Friend') choices.push(fc.constant('...Named'));
  }
  return fc.array(fc.oneof(...choices), { minLength: 1, maxLength: 4 }).map((each) => ` { ${each.join(' ')} }`);
}

test('a projection answers exactly what executing the operation over the same object answers', {
  timeout: 60_000,
}, async () => {
  // Executed as a query: the same selection, over the same object.
  const asQuery = new GraphQLSchema({ ...schema.toConfig(), query: schema.getSubscriptionType(), subscription: null });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(alias, selectionOf('FriendListChange', 3), async (name, selection) => {
      const field = `${name ? `${name}: ` : ''}friendListChanged(after: $after)${selection}`;
      const rest = `($after: String, $yes: Boolean! = true, $no: Boolean! = false) { ${field} }
        fragment Named on Friend { again: user { nickname } remark user { id ...Avatar } }
        fragment Avatar on User { avatarUrl }`;
      const subscription = parse(`subscription${rest}`);
      if (validate(schema, subscription).some(({ message }) => !/never used/.test(message))) return;
      const variableValues = { after: 'x' };
      const { project, textOf } = await projectionOf(subscription, variableValues);
      for (const announced of announcements) {
        const executed = execute({
          schema: asQuery,
          document: parse(`query${rest}`),
          variableValues,
          fieldResolver: (source, _args, _context, info) => (info.path.prev ? source[info.fieldName] : announced),
        });
        expect(JSON.stringify(project(announced))).toBe(JSON.stringify(executed));
        expect(textOf(announced)).toBe(JSON.stringify(executed));
        compared += 1;
      }
    }),
    { numRuns: 400 },
  );
  expect(compared).toBeGreaterThan(500);
});

test('what announcements do not hold is joined, and nothing else', async () => {
  const user = (fields: string) =>
    planned(parse(`subscription { friendListChanged { ... on FriendChanged { friend { user { ${fields} } } } } }`));
  expect(await user('id nickname')).toMatchObject({ gather: undefined, announced: { take: expect.any(Function) } });
  expect(await user('id username')).toMatchObject({ gather: expect.any(Function), announced: {} });
});

test('a projection is shared by all who send the same document, whatever their cursor, and by nobody else', async () => {
  const document = parse(`subscription ($after: String, $short: Boolean! = false) {
    friendListChanged(after: $after) { revision cursor @skip(if: $short) }
  }`);
  const one = await projectionOf(document, { after: '1' });
  expect(await projectionOf(document, { after: '2' })).toBe(one);
  const short = await projectionOf(document, { after: '2', short: true });
  expect(short.project(announcements[4]!)).toEqual({ data: { friendListChanged: { revision: 7 } } });
  for (const announced of [...announcements, ...announcements]) {
    expect(one.textOf(announced)).toBe(JSON.stringify(one.project(announced)));
  }
});

test('variables that select something else each time are projected all the same', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const document = parse(`subscription (${names.map((name) => `$${name}: Boolean!`).join(' ')}) {
    friendListChanged { revision ${names.map((name) => `${name}: cursor @include(if: $${name})`).join(' ')} }
  }`);
  for (let number = 0; number < 2 ** names.length; number += 1) {
    const chosen = names.filter((_name, at) => number & (1 << at));
    const variableValues = Object.fromEntries(names.map((name) => [name, chosen.includes(name)]));
    const { project } = await projectionOf(document, variableValues);
    const { friendListChanged } = project(announcements[4]!).data as never;
    expect(Object.keys(friendListChanged)).toEqual(['revision', ...chosen]);
  }
});

test('what an announcement lacks is null as far up as its types ask for, and an error that is masked', async () => {
  const document = parse('subscription { friendListChanged { revision ... on FriendRemoved { userId } } }');
  const { project, textOf } = await projectionOf(document);
  const { userId: _, ...lacking } = announcements[4] as Record<string, unknown>;
  expect(project(lacking)).toMatchObject({ data: null, errors: [{ path: ['friendListChanged', 'userId'] }] });
  expect(JSON.parse(textOf(lacking))).toEqual({ data: null, errors: [{ message: 'masked' }] });
});
