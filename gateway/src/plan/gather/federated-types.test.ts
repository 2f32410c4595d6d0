// Longer than other files: each feature of federation is a small world of its own.

import { describe, expect, test } from 'vitest';
import { answerBySubgraphs, madeOf, over, subgraph } from '../../testing/answer-by-subgraphs.ts';
import { supergraphOf } from '../../testing/subgraphs-in-hand.ts';

const BOOK = { __typename: 'Book', id: 'b1', title: 'Emma', pages: 400 };
const FILM = { __typename: 'Film', id: 'f1', title: 'Alien', minutes: 117 };
const records = { Book: [BOOK], Film: [FILM] };
const KNOWN = `interface Work @key(fields: "id") { id: ID! title: String }
  type Book implements Work @key(fields: "id") { id: ID! title: String pages: Int }
  type Film implements Work @key(fields: "id") { id: ID! title: String minutes: Int }`;

describe('an interface that one subgraph has as an object', () => {
  const works = subgraph('works', `type Query { works: [Work!]! } ${KNOWN}`, {
    query: { works: [BOOK, FILM] },
    records,
  });
  const likes = (more = '', record = {}) =>
    subgraph(
      'likes',
      `type Query { liked: [Work!]! } type Work @key(fields: "id") @interfaceObject { id: ID! likes: Int ${more} }`,
      {
        query: {
          liked: [
            { id: 'f1', likes: 2 },
            { id: 'b1', likes: 1 },
          ],
        },
        records: {
          Work: [
            { id: 'b1', likes: 1, ...record },
            { id: 'f1', likes: 2, ...record },
          ],
        },
      },
    );

  test('has its fields on every type', async () => {
    const gateway = await over(works, likes());
    expect((await gateway.ask('{ works { title likes ... on Film { minutes l: likes } } }')).data.works).toEqual([
      { title: 'Emma', likes: 1 },
      { title: 'Alien', likes: 2, minutes: 117, l: 2 },
    ]);
  });

  test('is asked for its types where they matter, under whatever name, and nowhere else', async () => {
    const gateway = await over(works, likes());
    const plain = await gateway.ask('{ liked { id likes } }');
    expect(plain).toMatchObject({
      data: {
        liked: [
          { id: 'f1', likes: 2 },
          { id: 'b1', likes: 1 },
        ],
      },
      asked: ['likes'],
    });
    const typed = await gateway.ask('{ liked { type: __typename title likes ... on Book { pages likes } } }');
    expect(typed).toMatchObject({
      data: {
        liked: [
          { type: 'Film', title: 'Alien', likes: 2 },
          { type: 'Book', title: 'Emma', likes: 1, pages: 400 },
        ],
      },
      errors: [],
    });
  });

  test('may require what the types have, in a supergraph of any composer', async () => {
    const shown = { shown: madeOf(({ title }) => `<${title}>`) };
    const object = likes('title: String @external shown: String @requires(fields: "title")', shown);
    const told = '@join__field(graph: WORKS) @join__field(graph: LIKES, external: true)';
    const supergraphSdl = supergraphOf([works, object]).replace(
      /(interface Work [^{]*{[^}]*?title: String)$/m,
      `$1 ${told}`,
    );
    const gateway = await answerBySubgraphs([works, object], supergraphSdl);
    const { data } = await gateway.ask('{ liked { shown } works { shown title } }');
    await gateway.stop();
    expect(data).toEqual({
      liked: [{ shown: '<Alien>' }, { shown: '<Emma>' }],
      works: [
        { shown: '<Emma>', title: 'Emma' },
        { shown: '<Alien>', title: 'Alien' },
      ],
    });
  });

  test('that nobody else can be asked for is answered as far as it goes', async () => {
    const gateway = await over(
      subgraph('works', KNOWN.replaceAll('@key(fields: "id")', '@key(fields: "id", resolvable: false)'), { records }),
      subgraph(
        'likes',
        'type Query { liked: Work } type Work @key(fields: "id", resolvable: false) @interfaceObject { id: ID! likes: Int }',
        {
          query: { liked: { id: 'b1', likes: 1 } },
        },
      ),
    ).catch((error: Error) => error);
    if (gateway instanceof Error) return expect(gateway.message).toMatch(/^[A-Z_]+: /);
    expect((await gateway.ask('{ liked { id likes } }')).data).toEqual({ liked: { id: 'b1', likes: 1 } });
  });
});

describe('unions and interfaces over several subgraphs', () => {
  test('whose types have fields of one name and other types are not mixed', async () => {
    const people = [
      { __typename: 'User', id: 'u1', name: 'Cy' },
      { __typename: 'Admin', id: 'a1', name: 'Ada', near: [{ __typename: 'User', id: 'u2', name: 'Bo' }] },
    ];
    const gateway = await over(
      subgraph(
        'people',
        `type Query { users: [User!]! all: [Account!]! } union Account = User | Admin
        type User @key(fields: "id") { id: ID! name: String! @shareable } type Admin { id: ID! name: String near: [Account!] }`,
        { query: { users: people.slice(0, 1), all: people } },
      ),
      subgraph('more', 'type User @key(fields: "id") { id: ID! name: String @shareable more: Int }', {
        records: {
          User: [
            { id: 'u1', more: 1 },
            { id: 'u2', more: 2 },
          ],
        },
      }),
    );
    const account = '... on User { id name more } ... on Admin { id name near { ... on User { id name more } } }';
    expect((await gateway.ask(`{ users { name more } all { ${account} } }`)).data).toEqual({
      users: [{ name: 'Cy', more: 1 }],
      all: [
        { id: 'u1', name: 'Cy', more: 1 },
        { id: 'a1', name: 'Ada', near: [{ id: 'u2', name: 'Bo', more: 2 }] },
      ],
    });
  });

  test('have the types that each of them knows, and the rest is left out', async () => {
    const gateway = await over(
      subgraph(
        'one',
        `type Query { first: Any @shareable } union Any = Book type Book @key(fields: "id") { id: ID! title: String @shareable }`,
        { query: { first: BOOK }, records },
      ),
      subgraph(
        'two',
        `type Query { second: [Any] } union Any = Book | Film
        type Book @key(fields: "id") { id: ID! title: String @shareable pages: Int } type Film { title: String }`,
        { query: { second: [BOOK, FILM, null] }, records },
      ),
    );
    const any = '... on Book { title pages } ... on Film { title __typename }';
    expect(
      (await gateway.ask(`{ first { ${any} } second { ${any} } none: first { ... on Film { title } } }`)).data,
    ).toEqual({
      first: { title: 'Emma', pages: 400 },
      second: [{ title: 'Emma', pages: 400 }, { title: 'Alien', __typename: 'Film' }, null],
      none: {},
    });
  });

  test('are joined by the types that stand there, and required and provided by theirs', async () => {
    const gateway = await over(
      subgraph(
        'shelf',
        `type Query { shelf: Shelf } type Shelf @key(fields: "id") { id: ID! best: Work }
        interface Work { id: ID! } type Book implements Work @key(fields: "id") { id: ID! }
        type Film implements Work @key(fields: "id") { id: ID! title: String @shareable }`,
        { query: { shelf: { id: 's1', best: FILM } }, records: { ...records, Shelf: [{ id: 's1', best: FILM }] } },
      ),
      subgraph(
        'cards',
        `type Shelf @key(fields: "id") {
          id: ID! best: Work @external card: String @requires(fields: "best { id ... on Film { title } }")
        }
        interface Work { id: ID! } type Book implements Work @key(fields: "id") { id: ID! pages: Int }
        type Film implements Work @key(fields: "id") { id: ID! title: String @shareable minutes: Int }`,
        { records: { ...records, Shelf: [{ id: 's1', card: madeOf(({ best }) => JSON.stringify(best)) }] } },
      ),
    );
    const { data } = await gateway.ask('{ shelf { card best { ... on Film { minutes } ... on Book { pages } } } }');
    expect(data.shelf.best).toEqual({ minutes: 117 });
    expect(JSON.parse(data.shelf.card)).toEqual({ __typename: 'Film', id: 'f1', title: 'Alien' });
  });
});

describe('what clients do not see', () => {
  test('is null where it stands, and is required all the same', async () => {
    const kinds = [
      { id: '1', kind: 'OPEN', secret: 7 },
      { id: '2', kind: 'HIDDEN', secret: 8 },
    ];
    const gateway = await over(
      subgraph(
        'a',
        `type Query { all: [Thing!]! of(kind: Kind, in: Range): Int } enum Kind { OPEN HIDDEN @inaccessible }
        input Range { from: Int to: Int @inaccessible }
        type Thing @key(fields: "id") { id: ID! kind: Kind secret: Int @inaccessible }`,
        { query: { all: kinds, of: () => 1 } },
      ),
      subgraph(
        'b',
        'type Thing @key(fields: "id") { id: ID! secret: Int @external twice: Int @requires(fields: "secret") }',
        {
          records: { Thing: kinds.map(({ id }) => ({ id, twice: madeOf(({ secret }) => Number(secret) * 2) })) },
        },
      ),
    );
    const { data, errors } = await gateway.ask('{ all { kind twice } }');
    expect(data.all).toEqual([
      { kind: 'OPEN', twice: 14 },
      { kind: null, twice: 16 },
    ]);
    expect(errors).toEqual([]);
    for (const text of ['{ of(kind: HIDDEN) }', '{ of(in: { to: 1 }) }', '{ all { secret } }']) {
      expect(await gateway.ask(text)).toMatchObject({ data: null, errors: [expect.anything()], asked: [] });
    }
  });
});

describe('the roots', () => {
  test('do the mutations of several services one after the other', async () => {
    const done: string[] = [];
    const change = (name: string) =>
      subgraph(name, `type Query { ${name}Read: Int } type Mutation { ${name}(n: Int!): Int! }`, {
        mutation: { [name]: ({ n }: { n: number }) => done.push(`${name} ${n}`) },
      });
    const gateway = await over(change('add'), change('mul'));
    expect((await gateway.ask('mutation ($n: Int = 5) { a: add(n: $n) mul(n: 2) b: add(n: 3) }')).data).toEqual({
      a: 1,
      mul: 2,
      b: 3,
    });
    expect(done).toEqual(['add 5', 'mul 2', 'add 3']);
  });

  test('put together what several services have of one field', async () => {
    const gateway = await over(
      subgraph('a', 'type Query { item: Item @shareable } type Item { id: ID! @shareable name: String }', {
        query: { item: { id: 'i', name: 'n' } },
      }),
      subgraph('b', 'type Query { item: Item @shareable } type Item { id: ID! @shareable price: Int }', {
        query: { item: { id: 'i', price: 3 } },
      }),
    );
    expect((await gateway.ask('{ item { id name price } }')).data).toEqual({ item: { id: 'i', name: 'n', price: 3 } });
  });

  test('take directives of clients whose arguments have defaults', async () => {
    const marked = (field: string, scope: string) => ({
      name: field,
      sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.1", import: ["@composeDirective"])
        @link(url: "https://example.com/marks/v1.0", import: ["@mark"]) @composeDirective(name: "@mark")
        directive @mark(as: Mark! ${scope}) on FIELD enum Mark { A B } type Query { ${field}: String }`,
      query: { [field]: field },
    });
    const gateway = await over(marked('a', '= A'), marked('b', '= A'));
    expect((await gateway.ask('{ a @mark b @mark(as: B) }')).data).toEqual({ a: 'a', b: 'b' });
  });
});

test('a field that is moved under a label stays where it was', async () => {
  const wine = (name: string, price: number, more: string, queried = '') =>
    subgraph(name, `${queried} type Wine @key(fields: "id") { id: ID! price: Int ${more} }`, {
      query: { wine: { id: 'w1', price } },
      records: { Wine: [{ id: 'w1', price }] },
    });
  const [old, next] = [
    wine('old', 1, '', 'type Query { wine: Wine }'),
    wine('next', 2, '@override(from: "old", label: "beta")'),
  ];
  const gateway = await over(old, next);
  expect(await gateway.ask('{ wine { price } }')).toMatchObject({ data: { wine: { price: 1 } }, asked: ['old'] });
});
