import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { composed } from './compose-supergraph.ts';

const federation =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])';
const user = `${federation}
  type Query { me: User }
  type User @key(fields: "id") { id: ID! nickname: String! }`;

test('subgraphs that fit become one supergraph with the fields of both', () => {
  const friend = `${federation}
    type Query { friendCount: Int! }
    type User @key(fields: "id") { id: ID! friends: [ID!]! }`;
  const supergraph = composed([
    { name: 'user', sdl: user },
    { name: 'friend', sdl: friend },
  ]);
  const fields = buildSchema(supergraph, { assumeValidSDL: true }).getType('User')?.toConfig();
  expect(Object.keys((fields as { fields: object }).fields).sort()).toEqual(['friends', 'id', 'nickname']);
});

test('subgraphs that do not fit are reported with the code, the field and both names', () => {
  const friend = `${federation}
    type Query { friendCount: Int! }
    type User @key(fields: "id") { id: ID! nickname: Int! }`;
  expect(() =>
    composed([
      { name: 'user', sdl: user },
      { name: 'friend', sdl: friend },
    ]),
  ).toThrow(/user and friend do not compose:\n {2}FIELD_TYPE_MISMATCH: .*"?User\.nickname"?/);
});
