import type { PlanNode } from '@graphql-hive/router-query-planner';
import { buildSchema } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { over, subgraph } from '../../testing/answer-by-subgraphs.ts';
import { askForEveryType } from './ask-for-every-type.ts';

const WORKS = [
  { __typename: 'Film', id: 'f1', title: 'Alien', price: 5 },
  { __typename: 'Book', id: 'b1', title: 'Emma', price: 7 },
  { __typename: 'Song', id: 's1', title: 'Ode', price: 9 },
];
const ofType = (type: string) => WORKS.filter(({ __typename }) => __typename === type);
const LIKED = WORKS.map(({ id }, at) => ({ id, likes: at + 1, loves: (at + 1) * 10 }));
const TYPES = ['Film', 'Book', 'Song'];
const works = subgraph(
  'works',
  `type Query { works: [Work!]! } interface Work @key(fields: "id") { id: ID! title: String }
  ${TYPES.map((name) => `type ${name} implements Work @key(fields: "id") { id: ID! title: String }`).join('\n')}`,
  { query: { works: WORKS }, records: Object.fromEntries(TYPES.map((name) => [name, ofType(name)])) },
);
const likes = subgraph(
  'likes',
  `type Query { liked: [Work!]! shelves: [[Shelf]] } type Shelf { works: [Work!] }
  type Work @key(fields: "id") @interfaceObject { id: ID! likes: Int loves(times: Int = 1): Int }`,
  { query: { liked: LIKED, shelves: [[{ works: LIKED }, null]] }, records: { Work: LIKED } },
);
const shops = subgraph(
  'shops',
  TYPES.map((name) => `type ${name} @key(fields: "id") { id: ID! price: Int }`).join('\n'),
  { records: Object.fromEntries(TYPES.map((name) => [name, ofType(name)])) },
);

describe('types that have their fields from a subgraph with their interface as an object', () => {
  let gateway: Awaited<ReturnType<typeof over>>;
  beforeAll(async () => {
    gateway = await over(works, likes, shops);
  });

  test.each([
    [
      'in one order',
      '... on Film { loves } ... on Work { ... on Book { likes price } }',
      [{ loves: 10 }, { likes: 2, price: 7 }, {}],
    ],
    ['in the other', '... on Book { likes price } ... on Film { loves }', [{ loves: 10 }, { likes: 2, price: 7 }, {}]],
    [
      'all three of them',
      '... on Song { loves } ... on Film { likes price } ... on Book { likes: loves }',
      [{ likes: 1, price: 5 }, { likes: 20 }, { loves: 30 }],
    ],
    [
      'beside a field of all',
      'title ... on Song { l: likes } ... on Book { loves(times: 2) price }',
      [{ title: 'Alien' }, { title: 'Emma', loves: 20, price: 7 }, { title: 'Ode', l: 3 }],
    ],
  ])('each have theirs: %s', async (_how, selection, expected) => {
    const answers = await gateway.ask(
      `{ works { ${selection} } liked { ${selection} } shelves { works { ${selection} } } }`,
    );
    expect(answers).toMatchObject({
      data: { works: expected, liked: expected, shelves: [[{ works: expected }, null]] },
      errors: [],
    });
  });
});

describe('a plan', () => {
  const schema = buildSchema(`
    type Query { liked: [Work] book: Book }
    interface Work { id: ID likes: Int } type Book implements Work { id: ID likes: Int } type Film implements Work { id: ID likes: Int }
  `);
  const interfaceObjects = new Set(['Work']);
  const representation = (typeCondition: string) => ({
    kind: 'InlineFragment' as const,
    typeCondition,
    selections: [
      { kind: 'Field' as const, name: '__typename' },
      { kind: 'Field' as const, name: 'id' },
    ],
  });
  const plan = (first: string, field: string, types: readonly string[]): PlanNode => ({
    kind: 'Sequence',
    nodes: [
      { kind: 'Fetch', serviceName: 'works', operation: first },
      {
        kind: 'Flatten',
        path: [{ Field: field }, '@'],
        node: {
          ...{ kind: 'Fetch', serviceName: 'likes', requires: types.map(representation) },
          operation:
            'query($representations:[_Any!]!){_entities(representations: $representations){...on Work{likes}}}',
        },
      },
    ],
  });
  const typesOf = (node: PlanNode): unknown =>
    JSON.stringify(node)
      .match(/"typeCondition":"\w+"/g)
      ?.map((each) => each.split('"')[3]);

  test('asks for what the client selects of a type, and for no type of which it selects nothing', () => {
    const first = '{liked{__typename id}}';
    const both = '{ liked { __typename likes } }';
    expect(typesOf(askForEveryType(plan(first, 'liked', ['Film']), { schema, interfaceObjects, text: both }))).toEqual([
      'Film',
      'Book',
    ]);
    const one = '{ liked { __typename ... on Film { likes } ... on Book { id } } }';
    expect(typesOf(askForEveryType(plan(first, 'liked', ['Film']), { schema, interfaceObjects, text: one }))).toEqual([
      'Film',
    ]);
    const ofBook = '{ book { likes } }';
    const bookFirst = plan('{book{__typename id}}', 'book', ['Book']);
    expect(typesOf(askForEveryType(bookFirst, { schema, interfaceObjects, text: ofBook }))).toEqual(['Book']);
  });

  test('is refused where the key of such a type was not asked for', () => {
    const without = plan('{liked{__typename ...on Film{__typename id}}}', 'liked', ['Film']);
    const text = '{ liked { __typename likes } }';
    expect(() => askForEveryType(without, { schema, interfaceObjects, text })).toThrow(/Book\.likes .* Book\.id/);
  });
});
