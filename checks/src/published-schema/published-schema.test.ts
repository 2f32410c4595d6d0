import { buildSchema, type GraphQLSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { changesThatBreakClients } from './changes-that-break-clients.ts';
import { composePublicSchema, printPublished, readPublished } from './public-schema.ts';

describe('the composed public schema', () => {
  let published: Awaited<ReturnType<typeof readPublished>>;
  let composed: GraphQLSchema;
  beforeAll(async () => {
    [published, composed] = await Promise.all([readPublished(), composePublicSchema()]);
  });

  test('breaks no client of what docs/api.graphql has promised', async () => {
    expect(await changesThatBreakClients(published.schema, composed)).toEqual([]);
  });

  test('is word for word what docs/api.graphql says; else: npx -y pnpm@12 generate:api', () => {
    expect(published.text).toBe(printPublished(composed, published.text));
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
    type Query implements Node { id: ID! friends(first: Int = 20, order: Order = NAME, after: String): [String!]! old(filter: Filter): Int at: DateTime }
    input Filter { text: String tag: String = "a" }
    enum Order { NAME NEWEST }
    scalar DateTime`;
  const breaking = (change: (sdl: string) => string) =>
    changesThatBreakClients(buildSchema(before), buildSchema(change(before)));
  const replace = (from: string, to: string) => breaking((sdl) => sdl.replaceAll(from, to));

  test('that only adds breaks nobody', async () => {
    expect(await breaking((sdl) => `${sdl} type New { a: Int }`)).toEqual([]);
    expect(await replace('old(filter: Filter): Int', 'old(filter: Filter, also: Int): Int new: Int!')).toEqual([]);
    expect(await replace('text: String', 'text: String more: Int')).toEqual([]);
    expect(await replace('scalar DateTime', '"An instant." scalar DateTime')).toEqual([]);
  });

  test.each([
    ['old(filter: Filter): Int', ''],
    ['old(filter: Filter): Int', 'older(filter: Filter): Int'],
    ['old(filter: Filter): Int', 'old(filter: Filter): String'],
    ['[String!]!', '[String]!'],
    [', after: String', ''],
    ['first: Int = 20', 'first: Int = 50'],
    ['first: Int = 20', 'first: Int'],
    ['after: String', 'after: String, of: ID!'],
    ['text: String', 'text: ID'],
    ['tag: String = "a"', 'tag: String = "b"'],
    ['tag: String = "a"', 'tag: String = "a" must: Int!'],
    ['NAME NEWEST', 'NAME'],
    ['NAME NEWEST', 'NAME NEWEST OLDEST'],
    ['scalar DateTime', 'enum DateTime { NOW }'],
    ['implements Node', ''],
  ])('from "%s" to "%s" is named', async (from, to) => {
    expect(await replace(from, to)).not.toEqual([]);
  });
});
