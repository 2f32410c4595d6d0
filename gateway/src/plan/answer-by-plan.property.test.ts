import { createLog } from '@kith/service-kit';
import fc from 'fast-check';
import { type ExecutionResult, execute, NoUnusedVariablesRule, parse, specifiedRules, validate } from 'graphql';
import { afterAll, expect, test } from 'vitest';
import type { GatewayContext } from '../request/gateway-context.ts';
import { readSupergraph } from '../subgraphs/read-supergraph.ts';
import { conflictingOperations, randomOperations, VARIABLES } from '../testing/random-operations.ts';
import { callableServices, composedWorld, KNOWN, wholeWorld } from '../testing/two-services.ts';
import { runOperation } from './answer-by-plan.ts';
import { planOperations } from './plan-operations.ts';

const log = createLog({ name: 'gateway', level: 'silent' });
const supergraph = await readSupergraph(composedWorld(), KNOWN, { log });
afterAll(() => supergraph.planner.stop());
const plan = planOperations(supergraph, callableServices());
const contextValue = { viewer: null } as unknown as GatewayContext;
const RUNS = Number(process.env.PLANNED_OPERATIONS ?? 1_500);

/** Every operation declares the same variables, and few use them all. */
const RULES = specifiedRules.filter((rule) => rule !== NoUnusedVariablesRule);

const asSent = (result: ExecutionResult) => JSON.parse(JSON.stringify(result));
const messagesOf = ({ errors = [] }: ExecutionResult) => new Set(errors.map(({ message }) => message));

test.each([
  ['', randomOperations],
  [' under names that stand for something else in each type', conflictingOperations],
])(
  'what services answer by a plan%s is what one service with all of it would answer',
  {
    timeout: 60_000,
  },
  async (_how, operations) => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(operations(wholeWorld), fc.constantFrom(...VARIABLES), async (text, variableValues) => {
        const document = parse(text);
        if (validate(supergraph.schema, document, RULES).length > 0) return;
        const args = { schema: supergraph.schema, document, variableValues, contextValue };
        const expected = asSent((await execute({ ...args, schema: wholeWorld })) as ExecutionResult);
        const answered = asSent(await runOperation(supergraph, plan, args));
        expect(answered.data).toEqual(expected.data);
        // Where a null took with it what failed beside it, the two may tell of different failures, and neither makes one up.
        expect(messagesOf(answered).size > 0).toBe(messagesOf(expected).size > 0);
        for (const message of messagesOf(answered)) expect(message).toMatch(/^\w+ fails$/);
        compared += 1;
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 8);
  },
);
