import { createLog } from '@kith/service-kit';
import { type ExecutionResult, parse, validate } from 'graphql';
import { afterAll } from 'vitest';
import { runOperation } from '../plan/answer-by-plan.ts';
import { planOperations } from '../plan/plan-operations.ts';
import { trySupergraph } from '../plan/try-supergraph.ts';
import type { GatewayContext } from '../request/gateway-context.ts';
import { readSupergraph } from '../subgraphs/read-supergraph.ts';
import { type AskedSubgraph, callable, FEDERATION, type SubgraphInHand, supergraphOf } from './subgraphs-in-hand.ts';

const log = createLog({ name: 'gateway', level: 'silent' });
const contextValue = { viewer: null } as unknown as GatewayContext;

/** What a gateway over these subgraphs answers, and what it asks them for it. */
export async function answerBySubgraphs(subgraphs: readonly SubgraphInHand[], supergraphSdl = supergraphOf(subgraphs)) {
  const names = subgraphs.map(({ name }) => name);
  const supergraph = await readSupergraph(supergraphSdl, names, { log });
  const asked: AskedSubgraph[] = [];
  const services = callable(subgraphs, asked);
  const { withoutPlan } = await trySupergraph(supergraph, services, { trusted: [], before: undefined, log });
  const plan = planOperations(supergraph, services);
  return {
    withoutPlan,
    async ask(text: string, variableValues: Record<string, unknown> = {}) {
      const document = parse(text);
      const refused = validate(supergraph.schema, document);
      asked.length = 0;
      const args = { schema: supergraph.schema, document, variableValues, contextValue };
      const result: ExecutionResult =
        refused.length > 0 ? { errors: refused } : await runOperation(supergraph, plan, args);
      const { data = null, errors = [] } = JSON.parse(JSON.stringify(result));
      return { data, errors, asked: asked.map(({ subgraph }) => subgraph), queries: asked.map(({ query }) => query) };
    },
    stop: () => supergraph.planner.stop(),
  };
}

type Gateway = Awaited<ReturnType<typeof answerBySubgraphs>>;
const started: Gateway[] = [];
afterAll(() => Promise.all(started.splice(0).map((gateway) => gateway.stop())));

/** A gateway over subgraphs, until the tests of the file are over. */
export async function over(...subgraphs: SubgraphInHand[]): Promise<Gateway> {
  const gateway = await answerBySubgraphs(subgraphs);
  started.push(gateway);
  return gateway;
}

export const subgraph = (
  name: string,
  sdl: string,
  more: Omit<SubgraphInHand, 'name' | 'sdl'> = {},
): SubgraphInHand => ({
  ...{ name, sdl: `${FEDERATION} ${sdl}`, ...more },
});

/** A field that is worked out from what its service was told of the object. */
export function madeOf(make: (told: Readonly<Record<string, unknown>>) => unknown) {
  return function (this: Readonly<Record<string, unknown>>) {
    return make(this);
  };
}
