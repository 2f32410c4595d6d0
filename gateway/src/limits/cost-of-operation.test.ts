import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { costOfOperation } from './cost-of-operation.ts';

const schema = buildSchema(`
  type Query { me: User page(first: Int = 20): Page! }
  type User { id: ID! friends(first: Int = 20): Page! }
  type Page { edges: [User!]! total: Int! }
`);
const cost = (text: string, variables?: Record<string, unknown>, operationName?: string) =>
  costOfOperation(schema, parse(text), { ...(variables && { variables }), ...(operationName && { operationName }) });

test.each([
  ['{ me { id } }', undefined, 2],
  ['{ page { total } }', undefined, 21],
  ['{ page(first: 100) { edges { id } } }', undefined, 201],
  ['query ($n: Int) { page(first: $n) { total } }', { n: 50 }, 51],
  ['query ($n: Int = 7) { page(first: $n) { total } }', {}, 8],
  ['query ($n: Int) { page(first: $n) { total } }', { n: null }, 21],
  ['{ me { friends(first: 10) { edges { friends(first: 10) { total } } } } }', undefined, 1 + 1 + 10 * (1 + (1 + 10))],
  [
    '{ a: page(first: 10) { ...P } b: page(first: 10) { ...P } } fragment P on Page { total edges { id } }',
    undefined,
    62,
  ],
])('%s with %o costs %i', (text, variables, expected) => {
  expect(cost(text, variables)).toBe(expected);
});

test('what no page has is refused elsewhere, and costs no more than the largest', () => {
  for (const first of [2 ** 53, Number.MAX_VALUE, -1, 'all', Number.NaN]) {
    expect(cost('query ($n: Int) { page(first: $n) { total } }', { n: first })).toBeLessThanOrEqual(501);
  }
});

test('the operation that is asked for counts, and one that is not there costs nothing', () => {
  const text = 'query Small { me { id } } query Large { page(first: 100) { total } }';
  expect([cost(text, {}, 'Small'), cost(text, {}, 'Large'), cost(text, {}, 'None')]).toEqual([2, 101, 0]);
});

test('a fragment bomb is costed once a fragment', () => {
  const bomb = Array.from(
    { length: 40 },
    (_, n) => `fragment F${n} on User { friends(first: 100) { edges { ...F${n + 1} x: id } } }`,
  );
  expect(cost(`{ me { ...F0 } } ${bomb.join(' ')} fragment F40 on User { id }`)).toBeGreaterThan(1e60);
});
