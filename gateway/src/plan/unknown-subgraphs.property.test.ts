import { isDeepStrictEqual } from 'node:util';
import { createLog } from '@kith/service-kit';
import { type ExecutionResult, NoUnusedVariablesRule, parse, specifiedRules, validate } from 'graphql';
import { expect, test } from 'vitest';
import type { GatewayContext } from '../request/gateway-context.ts';
import { readSupergraph } from '../subgraphs/read-supergraph.ts';
import { callableWorld, composeWorld, wholeOf } from '../testing/generated/callable-world.ts';
import { generateWorld, randomOf } from '../testing/generated/generate-world.ts';
import { randomOperation } from '../testing/generated/random-selections.ts';
import { runOperation } from './answer-by-plan.ts';
import { planOperations } from './plan-operations.ts';

const log = createLog({ name: 'gateway', level: 'silent' });
const contextValue = { viewer: null } as unknown as GatewayContext;
const OPERATIONS = Number(process.env.PLANNED_OPERATIONS ?? 1_500);
const SEEDS = (process.env.PLANNED_WORLDS ?? '1,2,3').split(',').map(Number);
const RULES = specifiedRules.filter((rule) => rule !== NoUnusedVariablesRule);
const asSent = (result: ExecutionResult): ExecutionResult => JSON.parse(JSON.stringify(result));

test.each(SEEDS)(
  'twelve subgraphs that nobody knows answer what one with all of it would answer: world %i',
  { timeout: 900_000 },
  async (seed) => {
    const world = generateWorld(seed);
    const supergraphSdl = composeWorld(world);
    const supergraph = await readSupergraph(supergraphSdl, world.subgraphs, { log });
    try {
      const services = callableWorld(world);
      const plan = planOperations(supergraph, services);
      const whole = wholeOf(world, supergraphSdl);
      const random = randomOf(seed);
      let [compared, differing, refused] = [0, 0, 0];
      const whys = new Map<string, number>();
      const ex = new Map<string, string>();
      while (compared < OPERATIONS / SEEDS.length) {
        const { text, variables } = randomOperation(whole.schema, random);
        const document = parse(text);
        if (validate(whole.schema, document, RULES).length > 0) continue;
        const expected = await whole.answer(text, variables);
        const args = { schema: supergraph.schema, document, variableValues: variables, contextValue };
        const answered = asSent(await runOperation(supergraph, plan, args));
        compared += 1;
        if (/^This operation cannot|^Try again/.test(answered.errors?.[0]?.message ?? '')) {
          refused += 1;
          await supergraph.planner
            .plan({
              text: document.loc!.source.body,
              operationName: undefined,
              hash: '',
              from: '',
              trial: true,
            } as never)
            .catch((e) => {
              const k = String(e.message)
                .slice(0, 150)
                .replace(/'.*'|at lib.*|\[.*?\]|\d+/g, '#');
              whys.set(k, (whys.get(k) ?? 0) + 1);
              ex.set(k, text.length < (ex.get(k)?.length ?? 1e9) ? text : ex.get(k)!);
            });
          continue;
        }
        if (isDeepStrictEqual(answered, expected)) continue;
        differing += 1;
        if (process.env.SHOW)
          console.log(
            text,
            JSON.stringify(variables),
            '\n',
            JSON.stringify(answered).slice(0, 1500),
            '\n',
            JSON.stringify(expected).slice(0, 1500),
          );
        if (differing >= Number(process.env.SHOW ?? 1))
          expect({ text, variables, ...answered }).toEqual({ text, variables, ...expected });
      }
      console.log(seed, 'refused', refused, 'of', compared, whys, ex);
    } finally {
      await supergraph.planner.stop();
    }
  },
);
