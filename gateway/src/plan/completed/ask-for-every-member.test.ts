import { beforeAll, describe, expect, test } from 'vitest';
import { madeOf, over, subgraph } from '../../testing/answer-by-subgraphs.ts';

const BOTH = { __typename: 'Both', label: 'both', size: 1 };
const LEFT = {
  ...{ __typename: 'Left', id: 'l', left: 'left', sum: ({ to }: { to: number }) => to + 1 },
  ...{ inner: { deep: 'deep', parts: [{ __typename: 'Both', label: 'part', size: 2 }] }, scored: madeOf(() => 'told') },
};
const RIGHT = { __typename: 'Right', id: 'r', right: 'right' };
const boxOf = (...items: object[]) => ({ id: 'b', shelf: { items, last: items.at(-1), rows: [items], named: items } });

const shelf = 'type Shelf @shareable { items: [Item!]! last: Item rows: [[Item]] named: [Named!]! }';
const both = 'interface Named { label: String } type Both implements Named @shareable { label: String size: Int }';
const box = 'type Box @key(fields: "id") { id: ID! shelf: Shelf @shareable';

const left = subgraph(
  'left',
  `type Query { left: Box either: Box @shareable } ${box} } ${shelf} ${both} union Item = Both | Left
  type Left implements Named @key(fields: "id") {
    id: ID! label: String left: String sum(to: Int!): Int inner: Inner
    score: Int @external scored: String @requires(fields: "score")
  }
  type Inner { deep: String parts: [Item] }`,
  {
    query: { left: boxOf(BOTH, LEFT), either: boxOf(BOTH, LEFT) },
    records: { Box: [boxOf(BOTH, LEFT)], Left: [LEFT] },
  },
);
const right = subgraph(
  'right',
  `type Query { right: Box either: Box @shareable } ${box} own: Shelf } ${shelf} ${both} union Item = Both | Right
  type Right implements Named @key(fields: "id") { id: ID! label: String right: String }`,
  {
    query: { right: boxOf(BOTH, RIGHT), either: boxOf(BOTH, LEFT) },
    records: { Box: [{ ...boxOf(BOTH, RIGHT), own: boxOf(RIGHT).shelf }], Right: [RIGHT] },
  },
);
const other = subgraph(
  'other',
  'type Query { boxed: Box } type Box @key(fields: "id") { id: ID! } type Left @key(fields: "id") { id: ID! score: Int }',
  { query: { boxed: { id: 'b' } }, records: { Box: [{ id: 'b' }], Left: [{ id: 'l', score: 5 }] } },
);

describe('a union or an interface whose members differ between subgraphs that could answer', () => {
  let gateway: Awaited<ReturnType<typeof over>>;
  beforeAll(async () => {
    gateway = await over(left, right, other);
  });

  test.each([
    [
      'all of them',
      'items { __typename ... on Both { label } ... on Left { left } }',
      [{ label: 'both' }, { left: 'left' }],
    ],
    ['one alone', 'items { ... on Left { left } }', [{}, { left: 'left' }]],
    ['under one name', 'items { ... on Both { x: label } ... on Left { x: left } }', [{ x: 'both' }, { x: 'left' }]],
    ['in fragments', 'items { ... on Item { ...OfLeft } ... on Right { right } }', [{}, { left: 'left' }]],
    [
      'by its interface',
      'items: named { label ... on Left { left } }',
      [{ label: 'both' }, { label: null, left: 'left' }],
    ],
    [
      'behind its fields',
      'items { ... on Left { inner { deep parts { ... on Both { size } } } } }',
      [{}, { inner: { deep: 'deep', parts: [{ size: 2 }] } }],
    ],
    ['with arguments', 'items { ... on Left { a: sum(to: 3) b: sum(to: $to) } }', [{}, { a: 4, b: 8 }]],
  ])('is asked for what the client selects of its members: %s', async (_how, selection, items) => {
    const uses = selection.includes('OfLeft') ? ' fragment OfLeft on Left { left }' : '';
    const declared = selection.includes('$to') ? 'query ($to: Int!)' : '';
    const answer = await gateway.ask(`${declared} { left { shelf { ${selection} } } }${uses}`, { to: 7 });
    expect(answer).toMatchObject({ data: { left: { shelf: { items } } }, errors: [] });
  });

  test('is asked so in lists of lists, alone, and wherever the object was found', async () => {
    const item = '{ ... on Left { left } ... on Right { right } }';
    const text = `{ left { shelf { rows ${item} last ${item} } own { last ${item} } } right { shelf { last ${item} } } }`;
    expect(await gateway.ask(text)).toMatchObject({
      data: {
        left: { shelf: { rows: [[{}, { left: 'left' }]], last: { left: 'left' } }, own: { last: { right: 'right' } } },
        right: { shelf: { last: { right: 'right' } } },
      },
      errors: [],
    });
    const { data, errors } = await gateway.ask(
      `{ boxed { shelf { last ${item} } } either { shelf { items ${item} } } }`,
    );
    expect(errors).toEqual([]);
    expect([{ left: 'left' }, { right: 'right' }]).toContainEqual(data.boxed.shelf.last);
    expect(data.either.shelf.items[1]).toEqual({ left: 'left' });
  });

  test('says nothing of members that the subgraph asked does not know', async () => {
    const { data, errors, queries } = await gateway.ask(
      '{ left { shelf { items { __typename ... on Right { right } } } } }',
    );
    expect({ data, errors }).toEqual({
      data: { left: { shelf: { items: [{ __typename: 'Both' }, { __typename: 'Left' }] } } },
      errors: [],
    });
    expect(queries.join()).not.toContain('Right');
  });

  test.each([
    ['another subgraph has', 'score'],
    ['is worked out from what another subgraph has', 'scored'],
  ])('is never answered with a null in place of what %s', async (_whose, field) => {
    const { data, errors } = await gateway.ask(`{ left { shelf { items { ... on Left { left ${field} } } } } }`);
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(await gateway.ask('{ left { id } }')).toMatchObject({ data: { left: { id: 'b' } }, errors: [] });
  });
});
