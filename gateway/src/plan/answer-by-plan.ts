import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type OpenLiveList, signInFirst } from '../live/open-live-list.ts';
import { PushedList } from '../live/push-to-socket.ts';
import type { FriendListChange } from '../live/sources/friend-list-change.ts';
import type { GatewayContext } from '../request/gateway-context.ts';
import type { Supergraph } from '../subgraphs/read-supergraph.ts';
import { introspectionKey } from './complete-selection.ts';
import { Gathered } from './gather/run-plan.ts';
import type { PlannedOperation, PlanOperation } from './plan-operations.ts';
import { tellWhatTookEffect } from './tell-what-took-effect.ts';

type Followed = AsyncIterableIterator<ExecutionResult> | PushedList<FriendListChange> | ExecutionResult;

/**
 * Answers operations by their plans: services are asked over HTTP for what they have; a subscription takes each change
 * from the live list and joins what was not announced. When all that it selects was announced (the usual case), each
 * change is an answer as it is, at a fraction of the cost, and over WebSocket written straight to the socket.
 */
export function answerByPlan(
  supergraph: Supergraph,
  plan: PlanOperation,
  openLiveList: OpenLiveList,
): Plugin<GatewayContext> {
  const { schema } = supergraph;

  async function follow(args: ExecutionArgs): Promise<Followed> {
    const asked = operationOf(schema, args);
    if ('errors' in asked) return asked;
    const variableValues = args.variableValues ?? {};
    const context = args.contextValue as GatewayContext;
    if (!context.viewer) return { errors: [signInFirst()] };
    const planned = await plan(args.document, asked.operation, asked.variables, context.clientAddress);
    if ('errors' in planned) return { errors: planned.errors };
    const { announced } = planned;
    if (!announced) return { errors: [new GraphQLError('The subscription leaves out the field it is for.')] };
    const { field } = announced;
    const definition = schema.getSubscriptionType()!.getFields()[field.name.value]!;
    const { after } = getArgumentValues(definition, field, asked.variables) as { after?: string | null };
    try {
      const list = openLiveList(after ?? null, context);
      if ('projection' in announced) {
        const { project, textOf } = announced.projection;
        return context.push
          ? new PushedList(list, textOf, context.push)
          : mapped(list, async (change) => project(change));
      }
      return mapped(list, async (change) => {
        const gathered = new Gathered(context, variableValues);
        Object.assign(
          gathered.data,
          announced.take({ [field.name.value]: change }, gathered.failures, gathered.errors),
        );
        await planned.gather?.(gathered);
        return completed(planned, gathered);
      });
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
  }

  return {
    onExecute: ({ setExecuteFn }) => setExecuteFn((args) => runOperation(supergraph, plan, args)),
    onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(follow),
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
  const result = completed(planned, gathered);
  if (!result.errors) return result;
  const tookEffect = tellWhatTookEffect(
    { schema, document: args.document, sourceKeyOf: planned.sourceKeyOf, ...asked },
    gathered,
    result.data ?? null,
  );
  return tookEffect ? { ...result, extensions: { completed: tookEffect } } : result;
}

function completed({ complete }: PlannedOperation, { data, failures, errors }: Gathered): ExecutionResult {
  const answer = complete(data, failures, errors);
  return errors.length > 0 ? { errors, data: answer } : { data: answer };
}

type Asked = { operation: OperationDefinitionNode; variables: Record<string, unknown> };

/** The operation that is meant, and its variables as their types take them; or why it cannot be run. */
function operationOf(
  schema: GraphQLSchema,
  { document, operationName, variableValues }: ExecutionArgs,
): Asked | { errors: readonly GraphQLError[] } {
  const operation = getOperationAST(document, operationName);
  if (!operation) {
    const message = operationName
      ? `The document has no operation "${operationName}".`
      : 'The document has several operations: say which one by "operationName".';
    return { errors: [new GraphQLError(message)] };
  }
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {}, {
    maxErrors: 20,
  });
  return coerced ? { operation, variables: coerced } : { errors: errors ?? [] };
}

function introspect(schema: GraphQLSchema, document: DocumentNode, args: ExecutionArgs, gathered: Gathered): void {
  const { variableValues, operationName } = args;
  const { data, errors = [] } = execute({ schema, document, variableValues, operationName }) as ExecutionResult;
  gathered.errors.push(...errors);
  for (const [key, value] of Object.entries(data ?? {})) gathered.data[introspectionKey(key, '__schema')] = value;
}

/** Not an async generator: leaving one waits for the change that its `next()` waits for. */
function mapped<From, To>(
  source: AsyncIterator<From, undefined>,
  map: (value: From) => Promise<To>,
): AsyncIterableIterator<To, undefined> {
  return {
    async next() {
      const next = await source.next();
      return next.done ? next : { done: false, value: await map(next.value) };
    },
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
