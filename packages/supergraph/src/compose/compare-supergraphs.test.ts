import { describe, expect, test } from 'vitest';
import { readSubgraphsSettings } from '../settings/subgraph-settings.ts';
import { compareSupergraphs, readOperations } from './compare-supergraphs.ts';
import { CompositionRefused, composeSubgraphs, publicSchemaOf } from './compose-subgraphs.ts';

const HEAD = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@key", "@inaccessible"])';
const people = `${HEAD} type Query { me: Person } type Person @key(fields: "id") { id: ID! name: String! nick: String }`;
const shop = `${HEAD} type Query { shop: String } type Person @key(fields: "id") { id: ID! orders(first: Int = 5): Int! }`;
const of = (...sdls: string[]) => composeSubgraphs(sdls.map((sdl, at) => ({ name: `s${at}`, sdl })));

test('what is composed joins what subgraphs have of a type', () => {
  const schema = publicSchemaOf(of(people, shop));
  expect(Object.keys(schema.getType('Person')?.toConfig() ?? {})).toContain('fields');
  expect(schema.getType('join__Graph')).toBeUndefined();
  expect(schema.getDirective('join__type')).toBeUndefined();
});

describe('refused, with codes', () => {
  const problemsOf = (...subgraphs: { name: string; sdl: string }[]) => {
    try {
      return composeSubgraphs(subgraphs);
    } catch (error) {
      expect(error).toBeInstanceOf(CompositionRefused);
      return (error as CompositionRefused).problems.map(({ code }) => code);
    }
  };

  test('a schema that is none, by its name', () => {
    expect(problemsOf({ name: 'people', sdl: people }, { name: 'shop', sdl: 'type {' })).toEqual(['INVALID_GRAPHQL']);
  });

  test('types that do not fit together', () => {
    const other = people.replace('name: String!', 'name: Int!');
    expect(problemsOf({ name: 'a', sdl: people }, { name: 'b', sdl: other })).toContain('INVALID_FIELD_SHARING');
  });

  test('a subscription that is no live list, of a subgraph that does not say how it offers it', () => {
    const sdl = `${people} type Subscription { ticked: Int }`;
    const settings = (subscriptions: object) =>
      readSubgraphsSettings(JSON.stringify({ subgraphs: { People: { urls: 'http://a:1', ...subscriptions } } }));
    const composed = (known?: ReturnType<typeof settings>) => () => composeSubgraphs([{ name: 'people', sdl }], known);
    expect(problemsOf({ name: 'people', sdl })).toEqual(['SUBSCRIPTION_NOT_OFFERED']);
    expect(composed(settings({}))).toThrow('SUBSCRIPTION_NOT_OFFERED: Subscription.ticked');
    expect(composed(settings({ subscriptions: { protocol: 'graphql-sse' } }))()).toContain('ticked');
    // Where it is is not known yet: whoever publishes is told.
    expect(composed(new Map())()).toContain('ticked');
  });

  test('no subgraph at all', () => {
    expect(Array.isArray(problemsOf())).toBe(true);
  });
});

test('a field that goes breaks clients, and the operations that use it are named', async () => {
  const operations = readOperations(
    'query Nick { me { ...N } } fragment N on Person { nick } query Name { me { name } }',
  );
  expect(operations.map(({ name }) => name)).toEqual(['Nick', 'Name']);
  const comparison = await compareSupergraphs(of(people), of(people.replace('nick: String', '')), operations);
  expect(comparison.changes).toMatchObject([{ level: 'breaking', path: 'Person.nick' }]);
  expect(comparison.broken).toEqual([{ name: 'Nick', message: expect.stringContaining('nick') }]);
});

test('a field that comes breaks nobody; another default may', async () => {
  expect((await compareSupergraphs(of(people), of(people, shop))).changes.map(({ level }) => level)).not.toContain(
    'breaking',
  );
  const other = await compareSupergraphs(of(people, shop), of(people, shop.replace('= 5', '= 6')));
  expect(other.changes).toMatchObject([{ level: 'dangerous' }]);
});

test('a service that leaves takes its fields along', async () => {
  const { changes } = await compareSupergraphs(of(people, shop), of(people));
  expect(
    changes
      .filter(({ level }) => level === 'breaking')
      .map(({ path }) => path)
      .sort(),
  ).toEqual(['Person.orders', 'Query.shop']);
});

test('operations are read from a manifest of trusted documents; those that were not valid before are not broken', async () => {
  const manifest = JSON.stringify({ abc: '{ me { nick } }', def: 'query Old { me { gone } }' });
  const operations = readOperations(manifest);
  expect(operations.map(({ name }) => name)).toEqual(['abc', 'Old']);
  const { broken } = await compareSupergraphs(of(people), of(people.replace('nick: String', '')), operations);
  expect(broken.map(({ name }) => name)).toEqual(['abc']);
  expect(readOperations('{ me { name } }').map(({ name }) => name)).toEqual(['operation 1']);
});
