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
const OPERATIONS = Number(process.env.PLANNED_OPERATIONS ?? 450);
const SEEDS = [1, 2, 3];
/** Every operation declares the same variables, and few use them all. */
const RULES = specifiedRules.filter((rule) => rule !== NoUnusedVariablesRule);

const asSent = (result: ExecutionResult): ExecutionResult => JSON.parse(JSON.stringify(result));
/**
 * The planner has faults of its own with one in a hundred and fifty of these, and a busy machine may cut off the planning
 * of a few more: then there is an error, and no data.
 */
const isRefused = ({ data, errors = [] }: ExecutionResult) =>
  data === undefined && ['BAD_USER_INPUT', 'SERVICE_UNAVAILABLE'].includes(String(errors[0]?.extensions?.code));

test.each(SEEDS)(
  'twelve subgraphs that nobody knows answer what one service with all of it would answer: world %i',
  { timeout: 1_200_000 },
  async (seed) => {
    const world = generateWorld(seed);
    const supergraphSdl = composeWorld(world);
    const supergraph = await readSupergraph(supergraphSdl, world.subgraphs, { log });
    try {
      const plan = planOperations(supergraph, callableWorld(world));
      const whole = wholeOf(world, supergraphSdl);
      const random = randomOf(seed);
      let [asked, refused] = [0, 0];
      while (asked < OPERATIONS / SEEDS.length) {
        const { text, variables } = randomOperation(whole.schema, random);
        const document = parse(text);
        if (validate(whole.schema, document, RULES).length > 0) continue;
        asked += 1;
        const args = { schema: supergraph.schema, document, variableValues: variables, contextValue };
        const answered = asSent(await runOperation(supergraph, plan, args));
        const expected = await whole.answer(text, variables);
        if (isRefused(answered)) refused += 1;
        else if (!isDeepStrictEqual(answered, expected)) {
          expect({ text, variables, ...answered }).toEqual({ text, variables, ...expected });
        }
      }
      console.info(`world ${seed}: of ${asked} operations ${refused} refused, the others without a difference`);
      expect(refused).toBeLessThan(asked / 8);
    } finally {
      await supergraph.planner.stop();
    }
  },
);
