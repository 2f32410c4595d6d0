import fc from 'fast-check';
import {
  buildSchema,
  execute,
  type GraphQLObjectType,
  GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import { expect, test } from 'vitest';
import { projectionOf } from './project-announcement.ts';

const live = buildSchema(/* GraphQL */ `
  type Query { none: String }
  type Subscription { friendListChanged(after: String): FriendListChange! }
  interface FriendListChange { cursor: String! revision: Int! occurredAt: String! }
  type FriendListSnapshot implements FriendListChange {
    cursor: String! revision: Int! occurredAt: String! friends: [Friend!]! complete: Boolean!
  }
  type FriendChanged implements FriendListChange { cursor: String! revision: Int! occurredAt: String! friend: Friend! }
  type FriendRemoved implements FriendListChange { cursor: String! revision: Int! occurredAt: String! userId: ID! }
  type Friend { user: User! remark: String pinned: Boolean! tags: [String!]! request: Request }
  type Request { id: ID! from: User! }
  type User { id: ID! nickname: String! avatarUrl: String }
`);

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
  const type = live.getType(typeName) as GraphQLObjectType;
  const choices: fc.Arbitrary<string>[] = [
    fc.tuple(alias, directive).map(([name, where]) => `${name ? `${name}: ` : ''}__typename${where}`),
  ];
  for (const field of Object.values(type.getFields())) {
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
    const conditions = isInterfaceType(type) ? live.getPossibleTypes(type).map(({ name }) => name) : [typeName];
    for (const on of conditions) {
      const inside = selectionOf(on, depth - 1);
      choices.push(fc.tuple(directive, inside).map(([where, set]) => `... on ${on}${where}${set}`));
      if (isObjectType(type)) choices.push(fc.tuple(directive, inside).map(([where, set]) => `...${where}${set}`));
    }
    if (typeName === 'Friend') choices.push(fc.constant('...Named'));
  }
  return fc.array(fc.oneof(...choices), { minLength: 1, maxLength: 4 }).map((each) => ` { ${each.join(' ')} }`);
}

test('a projection answers exactly what executing the operation over the same object answers', () => {
  // Executed as a query: the same selection, over the same object.
  const asQuery = new GraphQLSchema({ ...live.toConfig(), query: live.getSubscriptionType(), subscription: null });
  let compared = 0;
  fc.assert(
    fc.property(alias, selectionOf('FriendListChange', 3), (name, selection) => {
      const field = `${name ? `${name}: ` : ''}friendListChanged(after: $after)${selection}`;
      const rest = `($after: String, $yes: Boolean! = true, $no: Boolean! = false) { ${field} }
        fragment Named on Friend { again: user { nickname } remark user { id ...Avatar } }
        fragment Avatar on User { avatarUrl }`;
      const subscription = parse(`subscription${rest}`);
      if (validate(live, subscription).some(({ message }) => !/never used/.test(message))) return;
      const variableValues = { after: 'x' };
      const projection = projectionOf(live, { document: subscription, variableValues });
      expect(projection?.args).toEqual({ after: 'x' });
      for (const announced of announcements) {
        const executed = execute({
          schema: asQuery,
          document: parse(`query${rest}`),
          variableValues,
          fieldResolver: (source, _args, _context, info) => (info.path.prev ? source[info.fieldName] : announced),
        });
        expect(JSON.stringify(projection!.project(announced))).toBe(JSON.stringify(executed));
        expect(projection!.textOf(announced)).toBe(JSON.stringify(executed));
        compared += 1;
      }
    }),
    { numRuns: 400 },
  );
  expect(compared).toBeGreaterThan(500);
});

test('a selection of what announcements do not hold is not projected', () => {
  const full = (selection: string) => parse(`subscription { friendListChanged { revision ${selection} } }`);
  const user = (fields: string) => full(`... on FriendChanged { friend { user { ${fields} } } }`);
  expect(projectionOf(live, { document: user('id nickname') })).toBeDefined();
  expect(projectionOf(live, { document: user('id username') })).toBeUndefined();
});

test('wrong variables are left to execution, which says what is wrong', () => {
  const document = parse('subscription ($after: String!) { friendListChanged(after: $after) { revision } }');
  expect(projectionOf(live, { document, variableValues: {} })).toBeUndefined();
  expect(projectionOf(live, { document, variableValues: { after: 'x' } })?.args).toEqual({ after: 'x' });
});

test('a projection is shared by all who send the same document, whatever their cursor, and by nobody else', () => {
  const document = parse(`subscription ($after: String, $short: Boolean! = false) {
    friendListChanged(after: $after) { revision cursor @skip(if: $short) }
  }`);
  const [one, two, short] = [{ after: '1' }, { after: '2' }, { after: '2', short: true }].map(
    (variableValues) => projectionOf(live, { document, variableValues })!,
  );
  expect(one!.textOf).toBe(two!.textOf);
  expect([one!.args, two!.args]).toEqual([{ after: '1' }, { after: '2' }]);
  expect(short!.project(announcements[4]!)).toEqual({ data: { friendListChanged: { revision: 7 } } });
  for (const announced of [...announcements, ...announcements]) {
    expect(one!.textOf(announced)).toBe(JSON.stringify(one!.project(announced)));
  }
});

test('variables that select something else each time are projected all the same', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const document = parse(`subscription (${names.map((name) => `$${name}: Boolean!`).join(' ')}) {
    friendListChanged { revision ${names.map((name) => `${name}: cursor @include(if: $${name})`).join(' ')} }
  }`);
  for (let number = 0; number < 2 ** names.length; number += 1) {
    const chosen = names.filter((_name, at) => number & (1 << at));
    const variableValues = Object.fromEntries(names.map((name) => [name, chosen.includes(name)]));
    const { friendListChanged } = projectionOf(live, { document, variableValues })!.project(announcements[4]!)
      .data as never;
    expect(Object.keys(friendListChanged)).toEqual(['revision', ...chosen]);
  }
});
