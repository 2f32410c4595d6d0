import { argumentsOf } from '@kith/supergraph';
import { Kind, parse } from 'graphql';
import { expect, test } from 'vitest';
import { madeOf, over, subgraph } from '../../testing/answer-by-subgraphs.ts';
import { supergraphOf } from '../../testing/subgraphs-in-hand.ts';
import { oneKeyWhereAllKnowIt } from './one-key-where-all-know-it.ts';

/** By what each subgraph knows a Wine, as `graph key`, after the planner's supergraph is made. */
function keysOfWines(...sdls: readonly string[]): unknown[] {
  const subgraphs = sdls.map((sdl, at) => subgraph(`s${at}`, sdl));
  const prepared = oneKeyWhereAllKnowIt(parse(supergraphOf(subgraphs)));
  const wine = prepared.definitions.find(
    (each) => each.kind === Kind.OBJECT_TYPE_DEFINITION && each.name.value === 'Wine',
  );
  return argumentsOf(wine as object, 'join__type').map(({ graph, key }) => `${graph} ${key}`);
}

const CELLAR = 'type Query { wines: [Wine!]! } type Wine @key(fields: "id") @key(fields: "sku")';
const TAX = 'grams: Int @external due: Int @requires(fields: "grams")';

test('a type that requires is found by the one key that all of its subgraphs know', () => {
  const [cellar, tax] = [
    `${CELLAR} { id: ID! sku: ID! grams: Int }`,
    `type Wine @key(fields: "id") { id: ID! ${TAX} }`,
  ];
  expect(keysOfWines(cellar, tax)).toEqual(['S0 id', 'S1 id']);
});

test.each([
  ['may be null', `${CELLAR} { id: ID sku: ID! grams: Int }`, `type Wine @key(fields: "id") { id: ID ${TAX} }`],
  [
    'finds none in one of them',
    `${CELLAR} { id: ID! sku: ID! grams: Int }`,
    `type Wine @key(fields: "id", resolvable: false) @key(fields: "sku") { id: ID! sku: ID! ${TAX} }`,
  ],
  [
    'is not known to all',
    `${CELLAR} { id: ID! sku: ID! grams: Int }`,
    `type Wine @key(fields: "id") { id: ID! ${TAX} }`,
    'type Wine @key(fields: "sku") { sku: ID! year: Int }',
  ],
  ['is not needed, as nothing requires', `${CELLAR} { id: ID! sku: ID! }`, 'type Wine @key(fields: "id") { id: ID! }'],
])('where that key %s, a subgraph keeps the others', (_why, cellar, ...others) => {
  const kept = keysOfWines(cellar, ...others);
  const isKept = others.some((sdl) => sdl.includes('resolvable'))
    ? kept.filter((key) => String(key).startsWith('S1')).length === 2
    : kept.includes('S0 sku');
  expect([isKept, kept]).toEqual([true, kept]);
});

test('keys of an interface stay with its types', () => {
  const drinks = 'interface Drink @key(fields: "sku") { sku: ID! }';
  const cellar = `${CELLAR.replace('type Wine', 'type Wine implements Drink')} { id: ID! sku: ID! grams: Int } ${drinks}`;
  const tax = `type Wine @key(fields: "id") @key(fields: "tag") { id: ID! tag: ID! ${TAX} }`;
  expect(keysOfWines(cellar, tax)).toEqual(['S0 id', 'S0 sku', 'S1 id']);
});

test('a field that requires what two others have is worked out, whichever keys they have besides', async () => {
  const wines = [{ id: 'w1', sku: 'k1', code: 'c1', price: 12, grams: 700 }];
  const due = madeOf((told) => `${told.price} for ${told.grams}`);
  const gateway = await over(
    subgraph('a', 'type Wine @key(fields: "id") @key(fields: "code") { id: ID! code: ID! price: Int }', {
      records: { Wine: wines },
    }),
    subgraph(
      'b',
      `type Wine @key(fields: "id") @key(fields: "code") @key(fields: "sku") {
        id: ID! code: ID! sku: ID! price: Int @external grams: Int @external
        due: String @requires(fields: "price grams")
      }`,
      { records: { Wine: [{ id: 'w1', due }] } },
    ),
    subgraph('c', 'type Query { wines: [Wine!]! } type Wine @key(fields: "id") { id: ID! }', {
      query: { wines: [{ id: 'w1' }] },
    }),
    subgraph('d', 'type Wine @key(fields: "id") @key(fields: "sku") { id: ID! sku: ID! grams: Int }', {
      records: { Wine: wines },
    }),
  );
  expect(await gateway.ask('{ wines { due } }')).toMatchObject({
    data: { wines: [{ due: '12 for 700' }] },
    errors: [],
  });
});
