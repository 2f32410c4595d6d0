import { buildSchema, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { planningDocumentOf } from './planning-document.ts';
import { sourceKeys } from './source-key.ts';

const schema = buildSchema(`
  type Query { found(by: Filter, ids: [[ID!]], first: Int): String }
  input Filter { id: ID, ids: [ID!], inner: Filter, limit: Int }
`);

function planned(text: string): string | undefined {
  const document = parse(text);
  const operation = getOperationAST(document)!;
  const asked = {
    schema,
    document,
    operation,
    variables: {},
    sourceKeyOf: sourceKeys(),
    interfaceObjects: new Set<string>(),
  };
  return planningDocumentOf(asked).text?.replace(/[\s,]+/g, ' ');
}

test('an ID that is written as a number is a text, wherever it stands', () => {
  expect(
    planned('{ found(by: { id: 1, ids: [-99999999999999999999], inner: { id: 0, limit: 3 } }, ids: [[7], 8]) }'),
  ).toBe('{ found( by: {id: "1" ids: ["-99999999999999999999"] inner: {id: "0" limit: 3}} ids: [["7"] "8"] ) }');
  expect(planned('query Q($by: Filter = { id: 5 }, $ids: [[ID!]] = [[6]]) { found(by: $by, ids: $ids) }')).toBe(
    'query Q($by: Filter = {id: "5"} $ids: [[ID!]] = [["6"]]) { found(by: $by ids: $ids) }',
  );
});

test('no description reaches the planner', () => {
  expect(planned('"a" query Q("b" $first: Int) { ...F } """c""" fragment F on Query { found(first: $first) }')).toBe(
    'query Q($first: Int) { ...F } fragment F on Query { found(first: $first) }',
  );
});
