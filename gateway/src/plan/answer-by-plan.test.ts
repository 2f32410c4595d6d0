import { createLog } from '@kith/service-kit';
import { type ExecutionResult, type OperationDefinitionNode, parse } from 'graphql';
import { afterAll, describe, expect, test } from 'vitest';
import type { GatewayContext } from '../request/gateway-context.ts';
import { readSupergraph } from '../subgraphs/read-supergraph.ts';
import { type Asked, callableServices, composedWorld, KNOWN } from '../testing/two-services.ts';
import { runOperation } from './answer-by-plan.ts';
import { planOperation, planOperations } from './plan-operations.ts';

const log = createLog({ name: 'gateway', level: 'silent' });
const supergraph = await readSupergraph(composedWorld(), KNOWN, { log });
afterAll(() => supergraph.planner.stop());
const contextValue = { viewer: null } as unknown as GatewayContext;

type Options = Pick<NonNullable<Parameters<typeof callableServices>[0]>, 'away' | 'says'>;

async function run(text: string, options: Options & { variables?: Record<string, unknown> } = {}) {
  const asked: Asked[] = [];
  const services = callableServices({ ...options, asked });
  const args = {
    schema: supergraph.schema,
    document: parse(text),
    variableValues: options.variables ?? {},
    contextValue,
  };
  const result: ExecutionResult = await runOperation(supergraph, planOperations(supergraph, services), args);
  const { data, errors = [] } = JSON.parse(JSON.stringify(result));
  return { data, errors, asked };
}

describe('how often services are asked', () => {
  test('once each for one person with fields of both', async () => {
    const { data, asked } = await run('{ me { username steady } }');
    expect(data).toEqual({ me: { username: 'u-p1', steady: expect.any(Number) } });
    expect(asked.map(({ service }) => service)).toEqual(['user', 'friend']);
  });

  test('once for a whole list, and about each person once however often they are in it', async () => {
    const { data, asked } = await run('{ top { friends(first: 30) { username } } }');
    expect(data.top.friends).toHaveLength(30);
    expect(asked).toHaveLength(2);
    const { representations } = asked[1]!.variables as { representations: { id: string }[] };
    expect(representations).toHaveLength(new Set(representations.map(({ id }) => id)).size);
    expect(representations).toHaveLength(9);
  });

  test('once for people in several places', async () => {
    const { asked } = await run('{ latest { about { username } ... on Joined { by { username } } } }');
    expect(asked.map(({ service }) => service)).toEqual(['friend', 'user']);
  });

  test('not at all about the schema, or for what a condition leaves out', async () => {
    const text = 'query ($no: Boolean!) { __typename __type(name: "Left") { name } me @include(if: $no) { id } }';
    const { data, asked } = await run(text, { variables: { no: false } });
    expect(data).toEqual({ __typename: 'Query', __type: { name: 'Left' } });
    expect(asked).toEqual([]);
  });

  test('not for variables that do not fit', async () => {
    const { errors, asked } = await run('mutation ($id: ID!) { touch(id: $id) }', { variables: { id: {} } });
    expect(errors).toHaveLength(1);
    expect(asked).toEqual([]);
  });
});

describe('a service that is away', () => {
  test('is an error on each of its fields, and the others are answered', async () => {
    const { data, errors } = await run('{ me { id nickname rank best { id } } top { id } }', { away: 'friend' });
    expect(data).toEqual({ me: { id: 'p1', nickname: 'n-p1', rank: null, best: null }, top: null });
    const unavailable = { message: 'away', extensions: { code: 'SERVICE_UNAVAILABLE' } };
    expect(errors).toEqual(
      [['me', 'rank'], ['me', 'best'], ['top']].map((path) => expect.objectContaining({ ...unavailable, path })),
    );
  });

  test('makes null what cannot be without it, with one error', async () => {
    const { data, errors } = await run('{ me { id steady } top { nick: username } }', { away: 'friend' });
    expect(data).toEqual({ me: null, top: null });
    expect(errors.map(({ path }: { path: unknown }) => path)).toEqual([['me', 'steady'], ['top']]);
  });

  test.each(['user', 'friend'])(
    'leaves the part of the other one of a field that both answer: without %s',
    async (away) => {
      const { data, errors, asked } = await run('{ both { nickname rank } alone: both { rank } }', { away });
      expect(asked).toHaveLength(2);
      const rank = away === 'friend' ? null : expect.any(Number);
      expect(data.both.rank).toEqual(rank);
      const lacking = away === 'friend' ? [['both', 'rank'], ['alone']] : [['both', 'nickname']];
      expect(errors.map(({ path }: { path: unknown }) => path)).toEqual(lacking);
      expect(errors[0].extensions.code).toBe('SERVICE_UNAVAILABLE');
    },
  );

  test('does not keep the mutations after it from being done', async () => {
    const text = 'mutation { one: touch(id: "p1") befriend(id: "p1") { id } two: touch(id: "p2") }';
    const { asked } = await run(text, { away: 'friend' });
    expect(asked.map(({ service }) => service)).toEqual(['user', 'friend', 'user']);
  });
});

describe('of a field that two services answer', () => {
  test.each(['user', 'friend'])('nothing is left when the %s service says that there is none', async (service) => {
    const { data, errors } = await run('{ both { username steady } }', {
      says: { [service]: { data: { both: null } } },
    });
    expect([data, errors]).toEqual([{ both: null }, []]);
  });

  test.each(['user', 'friend'])('a part is left when the %s service fails at its own', async (service) => {
    const failed = { data: { both: null }, errors: [{ message: 'quote fails', path: ['both'] }] } as never;
    const { data, errors } = await run('{ both { quote best { id } } }', { says: { [service]: failed } });
    const best = service === 'friend' ? null : expect.anything();
    expect(data.both).toMatchObject({ best });
    expect(errors[0]).toMatchObject({ message: 'quote fails', path: ['both'] });
  });
});

describe('errors', () => {
  test('stand where the client asked, under its names', async () => {
    const { errors } = await run('{ top { f: friends(first: 9) { q: quote } } }');
    expect(errors.length).toBeGreaterThan(0);
    for (const { path } of errors) expect(path).toEqual(['top', 'f', expect.any(Number), 'q']);
  });

  test('of a neighbour are told once, not again for what it took along', async () => {
    // Of whom the user service cannot say `fragile`, which may not be null, it says nothing at all.
    const { data, errors } = await run('{ top { friends(first: 9) { username fragile } } }');
    expect(data).toEqual({ top: null });
    expect(errors.length).toBeGreaterThan(0);
    for (const { path } of errors) expect(path).toEqual(['top', 'friends', expect.any(Number), 'fragile']);
  });
});

test('a document is planned once for each set of conditions', async () => {
  let plans = 0;
  const counting = {
    ...supergraph,
    planner: {
      plan: (...args: Parameters<typeof supergraph.planner.plan>) => {
        plans += 1;
        return supergraph.planner.plan(...args);
      },
    },
  } as unknown as typeof supergraph;
  const plan = planOperations(counting, callableServices());
  const document = parse('query ($id: ID!, $yes: Boolean!) { user(id: $id) { id rank @include(if: $yes) } }');
  for (const variableValues of [
    { id: 'a', yes: true },
    { id: 'b', yes: true },
    { id: 'a', yes: false },
  ]) {
    await runOperation(counting, plan, { schema: counting.schema, document, variableValues, contextValue });
  }
  expect(plans).toBe(2);
});

describe('a supergraph', () => {
  test('with a subgraph that nobody knows is refused by its name', async () => {
    await expect(readSupergraph(composedWorld(), ['user'], { log })).rejects.toThrow(
      'a subgraph "friend" that the gateway does not know',
    );
  });

  test('with a subscription that is no live list, and that its subgraph does not offer, is refused by its name', async () => {
    const second = composedWorld().replace('happened(', 'rang: Event happened(');
    await expect(readSupergraph(second, KNOWN, { log })).rejects.toThrow('Subscription.rang has no @live');
  });

  test('plans live lists from announcements, and other subscriptions of the same service from that service', async () => {
    const both = composedWorld().replace('happened(', 'rang: Event happened(');
    const read = await readSupergraph(both, KNOWN, { log, offersSubscriptions: () => true });
    const planned = async (field: string) => {
      const document = parse(`subscription { ${field} { cursor about { username } } }`);
      const operation = document.definitions[0] as OperationDefinitionNode;
      const { announced, passedThrough, gather } = await planOperation(read, callableServices(), {
        ...{ document, operation, variables: {}, from: '' },
      });
      return [announced?.field.name.value, passedThrough?.subgraph, gather !== undefined];
    };
    try {
      expect(await planned('happened')).toEqual(['happened', undefined, true]);
      expect(await planned('rang')).toEqual([undefined, 'friend', true]);
    } finally {
      await read.planner.stop();
    }
  });

  test('with a live list that cannot work is refused with a sentence', async () => {
    const wrong = composedWorld().replace('changes: "happenings"', 'changes: "nothing"');
    await expect(readSupergraph(wrong, KNOWN, { log })).rejects.toThrow(/LIVE_NO_SUCH_QUERY: Query.nothing .*\.$/);
  });

  test('without a subscription is read', async () => {
    const without = composedWorld()
      .replace(/type Subscription[^}]*}/, '')
      .replace('subscription: Subscription', '');
    const { planner, schema, liveLists } = await readSupergraph(without, KNOWN, { log });
    await planner.stop();
    expect([schema.getSubscriptionType(), liveLists.size]).toEqual([undefined, 0]);
  });

  test('shows clients nothing of how it is composed', () => {
    expect(Object.keys(supergraph.schema.getTypeMap()).filter((name) => /join|link|_Any|_Entity/.test(name))).toEqual(
      [],
    );
    const directives = supergraph.schema.getDirectives().map(({ name }) => name);
    expect(directives).not.toContain('live');
    expect(directives.filter((name) => /join|link/.test(name))).toEqual([]);
  });
});
