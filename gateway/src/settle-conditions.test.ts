import { buildSchema, parse, print, stripIgnoredCharacters } from 'graphql';
import { expect, test } from 'vitest';
import { settled } from './settle-conditions.ts';

const schema = buildSchema('type Query { a: String b: String me: Query }');
const after = (text: string, variableValues?: Record<string, unknown>) =>
  stripIgnoredCharacters(print(settled({ schema, document: parse(text), ...(variableValues && { variableValues }) })));

test.each([
  ['{ a @include(if: false) a @include(if: true) }', undefined, '{a}'],
  ['{ me { a @skip(if: true) b } }', undefined, '{me{b}}'],
  ['query ($x: Boolean!) { a @skip(if: $x) b }', { x: true }, 'query($x:Boolean!){b}'],
  ['query ($x: Boolean = false) { a @include(if: $x) b }', {}, 'query($x:Boolean=false){b}'],
  [
    '{ a ... @include(if: false) { b } ...F @skip(if: true) } fragment F on Query { b }',
    undefined,
    '{a}fragment F on Query{b}',
  ],
  // Nothing but what is left out: it stays, for a set may not be empty.
  ['{ me { a @skip(if: true) } }', undefined, '{me{a@skip(if:true)}}'],
  // Refused by the execution.
  ['query ($x: Boolean!) { a @skip(if: $x) }', {}, 'query($x:Boolean!){a@skip(if:$x)}'],
])('%s with %o', (text, variables, expected) => {
  expect(after(text, variables)).toBe(expected);
});

test('a document without conditions is left alone', () => {
  const document = parse('{ a b }');
  expect(settled({ schema, document })).toBe(document);
});
