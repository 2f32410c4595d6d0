import { describe, expect, test } from 'vitest';
import { madeOf, over, subgraph } from '../../testing/answer-by-subgraphs.ts';

const WINES = [
  { id: 'w1', name: 'Riesling', price: 12, grams: 900, label: null },
  { id: 'w2', name: 'Merlot', price: null, grams: 700, label: { text: 'dry', lines: [[{ size: 3 }], []] } },
];
const cellar = (fields: string, more = '') =>
  subgraph('cellar', `type Query { wines: [Wine!]! } type Wine @key(fields: "id") { id: ID! ${fields} } ${more}`, {
    query: { wines: WINES },
    records: { Wine: WINES },
  });
const wine = (fields: object) => WINES.map(({ id }) => ({ id, ...fields }));

describe('what a field requires', () => {
  test('of others is told to its service, null as null', async () => {
    const gateway = await over(
      cellar('price: Int grams: Int!'),
      subgraph(
        'tax',
        `type Wine @key(fields: "id") {
          id: ID! price: Int @external grams: Int! @external due: String! @requires(fields: "price grams")
        }`,
        { records: { Wine: wine({ due: madeOf((told) => `${told.price} for ${told.grams}`) }) } },
      ),
    );
    expect(await gateway.ask('{ wines { id due } }')).toMatchObject({
      data: {
        wines: [
          { id: 'w1', due: '12 for 900' },
          { id: 'w2', due: 'null for 700' },
        ],
      },
      errors: [],
    });
  });

  test('may stand in lists of lists and behind what is null', async () => {
    const more = 'type Label { text: String lines: [[Line!]!] } type Line { size: Int }';
    const gateway = await over(
      cellar('label: Label', more),
      subgraph(
        'print',
        `type Wine @key(fields: "id") {
          id: ID! label: Label @external inked: String @requires(fields: "label { text lines { size } }")
        }
        type Label { text: String @external lines: [[Line!]!] @external } type Line { size: Int @external }`,
        { records: { Wine: wine({ inked: madeOf((told) => JSON.stringify(told.label)) }) } },
      ),
    );
    const { data } = await gateway.ask('{ wines { inked } }');
    expect(data.wines.map(({ inked }: { inked: string }) => JSON.parse(inked))).toEqual([null, WINES[1]?.label]);
  });

  test('with arguments of its own is not mixed with what clients ask for with others', async () => {
    const priced = WINES.map((each, at) => ({ ...each, cost: ({ in: coin }: { in: string }) => `${coin} ${at}` }));
    const gateway = await over(
      subgraph(
        'cellar',
        'type Query { wines: [Wine!]! } type Wine @key(fields: "id") { id: ID! cost(in: String = "CHF"): String }',
        {
          query: { wines: priced },
          records: { Wine: priced },
        },
      ),
      subgraph(
        'tax',
        `type Wine @key(fields: "id") {
          id: ID! cost(in: String = "CHF"): String @external
          dollars: String @requires(fields: "cost(in: \\"USD\\")")
          francs: String @requires(fields: "cost")
        }`,
        {
          records: {
            Wine: wine({
              dollars: madeOf((told) => `d ${told.cost}`),
              francs: madeOf((told) => `f ${told.cost}`),
            }),
          },
        },
      ),
    );
    expect((await gateway.ask('{ wines { cost(in: "EUR") dollars francs } }')).data.wines[1]).toEqual({
      ...{ cost: 'EUR 1', dollars: 'd USD 1', francs: 'f CHF 1' },
    });
    expect((await gateway.ask('{ wines { cost dollars } }')).data.wines[0]).toEqual({
      cost: 'CHF 0',
      dollars: 'd USD 0',
    });
    expect((await gateway.ask('{ wines { francs dollars } }')).data.wines[0]).toEqual({
      francs: 'f CHF 0',
      dollars: 'd USD 0',
    });
  });

  test('may itself require something, back and forth', async () => {
    const gateway = await over(
      subgraph(
        'one',
        `type Query { wines: [Wine!]! } type Wine @key(fields: "id") {
          id: ID! a: Int b: Int @external c: Int @requires(fields: "b") d: Int @external e: Int @requires(fields: "d")
        }`,
        {
          query: { wines: wine({ a: 1 }) },
          records: {
            Wine: wine({ a: 1, c: madeOf((told) => Number(told.b) + 1), e: madeOf((told) => Number(told.d) * 10) }),
          },
        },
      ),
      subgraph(
        'two',
        `type Wine @key(fields: "id") {
          id: ID! a: Int @external b: Int @requires(fields: "a") c: Int @external d: Int @requires(fields: "c")
        }`,
        {
          records: { Wine: wine({ b: madeOf((told) => Number(told.a) + 1), d: madeOf((told) => Number(told.c) + 1) }) },
        },
      ),
    );
    expect((await gateway.ask('{ wines { e } }')).data.wines[0]).toEqual({ e: 40 });
    expect(
      (await gateway.ask('query ($no: Boolean = false) { wines { b d @include(if: $no) } }')).data.wines[0],
    ).toEqual({ b: 2 });
  });
});

describe('entities', () => {
  const PEOPLE = [
    { id: 'p1', mail: 'a@x', name: 'Ada', org: { id: 'o1', code: 'c1' } },
    { id: 'p2', mail: 'b@x', name: 'Ben', org: { id: 'o2', code: 'c2' } },
  ];
  const records = { Person: PEOPLE };

  test('are found over a third service that knows the keys of both', async () => {
    const gateway = await over(
      subgraph('mails', 'type Query { all: [Person!]! } type Person @key(fields: "mail") { mail: ID! }', {
        query: { all: PEOPLE },
      }),
      subgraph('keys', 'type Person @key(fields: "mail") @key(fields: "id") { mail: ID! id: ID! }', { records }),
      subgraph('names', 'type Person @key(fields: "id") { id: ID! name: String }', { records }),
    );
    const { data, asked } = await gateway.ask('{ all { name } }');
    expect(data).toEqual({ all: [{ name: 'Ada' }, { name: 'Ben' }] });
    expect(asked).toEqual(['mails', 'keys', 'names']);
  });

  test('with compound and nested keys are told apart by all of it, whatever clients call its fields', async () => {
    const gateway = await over(
      subgraph(
        'orgs',
        `type Query { all: [Person!]! } type Person @key(fields: "id org { id }") { id: ID! org: Org! }
        type Org @shareable { id: ID! code: String }`,
        { query: { all: PEOPLE } },
      ),
      subgraph(
        'names',
        'type Person @key(fields: "id org { id }") { id: ID! org: Org! name: String } type Org @shareable { id: ID! }',
        { records },
      ),
    );
    const { data } = await gateway.ask('{ all { org: name id: org { id: code } } }');
    expect(data).toEqual({
      all: [
        { org: 'Ada', id: { id: 'c1' } },
        { org: 'Ben', id: { id: 'c2' } },
      ],
    });
  });

  test('whose key is null are not asked for, and null without an error', async () => {
    const loans = [{ by: { id: 'p1' } }, { by: { id: null } }, { by: null }];
    const gateway = await over(
      subgraph(
        'loans',
        'type Query { loans: [Loan!]! } type Loan { by: Person } type Person @key(fields: "id") { id: ID }',
        {
          query: { loans },
        },
      ),
      subgraph('names', 'type Person @key(fields: "id") { id: ID name: String }', { records }),
    );
    const { data, errors } = await gateway.ask('{ loans { by { name } } }');
    expect([data, errors]).toEqual([{ loans: [{ by: { name: 'Ada' } }, { by: { name: null } }, { by: null }] }, []]);
  });

  test('are taken from whoever provides what is asked for, and no more of it than that', async () => {
    const gateway = await over(
      subgraph(
        'top',
        `type Query { best: Person @provides(fields: "name org { code }") }
        type Person @key(fields: "id") { id: ID! name: String @external org: Org @external }
        type Org @key(fields: "id") { id: ID! code: String @external }`,
        { query: { best: { id: 'p1', name: 'provided', org: { id: 'o1', code: 'provided' } } } },
      ),
      subgraph(
        'people',
        `type Person @key(fields: "id") { id: ID! name: String mail: String org: Org }
        type Org @key(fields: "id") { id: ID! code: String }`,
        { records: { ...records, Org: PEOPLE.map(({ org }) => org) } },
      ),
    );
    const provided = await gateway.ask('{ best { name org { code } } }');
    expect(provided).toMatchObject({ data: { best: { name: 'provided', org: { code: 'provided' } } }, asked: ['top'] });
    const some = await gateway.ask('{ best { n: name mail } }');
    expect(some).toMatchObject({ data: { best: { n: 'provided', mail: 'a@x' } }, asked: ['top', 'people'] });
    expect(some.queries.join()).not.toMatch(/org|code/);
  });

  test('are asked of whom a field was moved to, even from one that is gone', async () => {
    const gateway = await over(
      subgraph('old', 'type Query { all: [Person!]! } type Person @key(fields: "id") { id: ID! name: String }', {
        query: { all: PEOPLE },
      }),
      subgraph(
        'new',
        `type Person @key(fields: "id") {
          id: ID! name: String @override(from: "old") mail: String @override(from: "gone")
        }`,
        { records: { Person: PEOPLE.map((each) => ({ ...each, name: `new ${each.name}` })) } },
      ),
    );
    expect((await gateway.ask('{ all { name mail } }')).data.all[0]).toEqual({ name: 'new Ada', mail: 'a@x' });
  });

  test('of federation 1 are extended by whoever does not own them', async () => {
    const own = {
      name: 'own',
      sdl: 'type Query { all: [Person!]! } type Person @key(fields: "id") { id: ID! name: String }',
    };
    const extending = {
      name: 'extending',
      sdl: `extend type Query { rated: Person @provides(fields: "name") }
        extend type Person @key(fields: "id") {
          id: ID! @external name: String @external rate: Int long: String @requires(fields: "name")
        }`,
      query: { rated: { id: 'p2', name: 'provided', rate: 9 } },
      records: { Person: PEOPLE.map(({ id }) => ({ id, rate: 3, long: madeOf(({ name }) => `${name}, ${id}`) })) },
    };
    const gateway = await over({ ...own, query: { all: PEOPLE }, records }, extending);
    expect((await gateway.ask('{ all { name rate long } rated { name rate } }')).data).toEqual({
      all: [
        { name: 'Ada', rate: 3, long: 'Ada, p1' },
        { name: 'Ben', rate: 3, long: 'Ben, p2' },
      ],
      rated: { name: 'provided', rate: 9 },
    });
  });
});
