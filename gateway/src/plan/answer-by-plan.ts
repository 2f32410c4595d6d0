import { type DocumentNode, type ExecutionArgs, type ExecutionResult, execute, type GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { GatewayContext } from '../request/gateway-context.ts';
import type { Supergraph } from '../subgraphs/read-supergraph.ts';
import { completed, introspectionKey } from './complete-selection.ts';
import { Gathered } from './gather/gathered.ts';
import type { PlanOperation } from './plan-operations.ts';
import { operationOf } from './read-operation.ts';
import { tellWhatTookEffect } from './tell-what-took-effect.ts';

/** Answers queries and mutations by their plans: services are asked over HTTP for what they have. */
export function answerByPlan(supergraph: Supergraph, plan: PlanOperation): Plugin<GatewayContext> {
  return {
    onExecute: ({ setExecuteFn }) => setExecuteFn((args) => runOperation(supergraph, plan, args)),
  };
}

/** A query or a mutation. */
export async function runOperation(
  { schema }: Supergraph,
  plan: PlanOperation,
  args: ExecutionArgs,
): Promise<ExecutionResult> {
  const asked = operationOf(schema, args);
  if ('errors' in asked) return asked;
  const context = args.contextValue as GatewayContext;
  const planned = await plan(args.document, asked.operation, asked.variables, context.clientAddress);
  if ('errors' in planned) return { errors: planned.errors };
  const gathered = new Gathered(context, args.variableValues ?? {});
  await planned.gather?.(gathered);
  if (planned.introspection) introspect(schema, planned.introspection, args, gathered);
  const result = completed(planned.complete, gathered);
  if (!result.errors) return result;
  const tookEffect = tellWhatTookEffect(
    { schema, document: args.document, sourceKeyOf: planned.sourceKeyOf, ...asked },
    gathered,
    result.data ?? null,
  );
  return tookEffect ? { ...result, extensions: { completed: tookEffect } } : result;
}

function introspect(schema: GraphQLSchema, document: DocumentNode, args: ExecutionArgs, gathered: Gathered): void {
  const { variableValues, operationName } = args;
  const { data, errors = [] } = execute({ schema, document, variableValues, operationName }) as ExecutionResult;
  gathered.errors.push(...errors);
  for (const [key, value] of Object.entries(data ?? {})) gathered.data[introspectionKey(key, '__schema')] = value;
}
