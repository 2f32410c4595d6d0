import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { composeServices } from '@theguild/federation-composition';
import {
  buildSchema,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  parse,
} from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { printSubgraphs } from '../system/compose-supergraph.ts';
import { workspaceRoot } from '../system/run-program-with-node-24.ts';
import { differencesFromPublishedSchema } from './differences-from-published-schema.ts';

describe('the composed public schema', () => {
  let published: GraphQLSchema;
  let composed: GraphQLSchema;
  beforeAll(async () => {
    published = buildSchema(await readFile(join(workspaceRoot, 'docs', 'api.graphql'), 'utf8'));
    const subgraphs = await printSubgraphs();
    const result = composeServices(
      subgraphs.map(({ name, sdl }) => ({ name, url: `http://${name}/graphql`, typeDefs: parse(sdl) })),
    );
    composed = buildSchema(result.publicSdl ?? '');
  });

  test('has all that docs/api.graphql promises, and as it promises it', () => {
    expect(differencesFromPublishedSchema(published, composed)).toEqual([]);
  });

  test('has nothing that docs/api.graphql does not tell clients of', () => {
    expect(differencesFromPublishedSchema(composed, published)).toEqual([]);
  });

  test('says of every type, field, argument and value what it is', () => {
    expect(undescribed(composed)).toEqual([]);
  });

  test('shows nothing that is only between gateway and services', () => {
    const query = Object.keys(composed.getQueryType()!.getFields());
    expect(query.filter((field) => /^_|^profiles$|^profilePage$|Revisions$/.test(field))).toEqual([]);
    expect(composed.getType('_Entity')).toBeUndefined();
  });
});

function undescribed(schema: GraphQLSchema): string[] {
  const places: [string, { description?: string | null | undefined }][] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    const isOurs = !type.name.startsWith('__') && !['String', 'Int', 'Float', 'Boolean', 'ID'].includes(type.name);
    if (!isOurs) continue;
    const isRoot = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(
      type as never,
    );
    if (!isRoot) places.push([type.name, type]);
    if (isEnumType(type)) for (const value of type.getValues()) places.push([`${type.name}.${value.name}`, value]);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) places.push([`${type.name}.${field.name}`, field]);
    }
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        places.push([`${type.name}.${field.name}`, field]);
        for (const arg of field.args) places.push([`${type.name}.${field.name}(${arg.name}:)`, arg]);
      }
    }
  }
  return places.filter(([, { description }]) => !description?.trim()).map(([place]) => place);
}

describe('a change of the schema', () => {
  const before = `
    interface Node { id: ID! }
    type Query implements Node { id: ID! friends(first: Int = 20, order: Order = NAME, after: String): [String!]! old: Int }
    input Filter { text: String tag: String = "a" }
    enum Order { NAME NEWEST }
    scalar DateTime`;
  const differences = (change: (sdl: string) => string) =>
    differencesFromPublishedSchema(buildSchema(before), buildSchema(change(before)));
  const replace = (from: string, to: string) => differences((sdl) => sdl.replaceAll(from, to));

  test('that only adds is no difference', () => {
    expect(differences((sdl) => `${sdl} type New { a: Int }`)).toEqual([]);
    expect(replace('old: Int', 'old(also: Int): Int new: Int!')).toEqual([]);
    expect(replace('text: String', 'text: String more: Int')).toEqual([]);
  });

  test.each([
    ['old: Int', '', 'Query.old is missing'],
    ['old: Int', 'older: Int', 'Query.old is missing'],
    ['old: Int', 'old: Int!', 'Query.old is Int!, and was published as Int'],
    ['[String!]!', '[String]!', 'Query.friends is [String]!, and was published as [String!]!'],
    ['after: String', '', 'Query.friends(after:) is missing'],
    ['first: Int = 20', 'first: Int = 50', 'Query.friends(first:) defaults to 50, and to 20 before'],
    ['first: Int = 20', 'first: Int', 'Query.friends(first:) defaults to nothing, and to 20 before'],
    ['after: String', 'after: String of: ID!', 'Query.friends(of:) has to be given, and was not there before'],
    ['text: String', 'text: ID', 'Filter.text is ID, and was published as String'],
    ['tag: String = "a"', 'tag: String = "b"', 'Filter.tag defaults to "b", and to "a" before'],
    ['tag: String = "a"', 'tag: String = "a" must: Int!', 'Filter.must has to be given, and was not there before'],
    ['NAME NEWEST', 'NAME', 'Order.NEWEST is missing'],
    ['NAME NEWEST', 'NAME NEWEST OLDEST', 'Order.OLDEST is new to clients'],
    ['scalar DateTime', '', 'DateTime is missing'],
    [
      'scalar DateTime',
      'enum DateTime { NOW }',
      'DateTime is a GraphQLEnumType, and was published as a GraphQLScalarType',
    ],
    ['implements Node', '', 'Query no longer implements Node'],
  ])('from "%s" to "%s" is named', (from, to, difference) => {
    expect(replace(from, to)).toEqual([difference]);
  });
});
