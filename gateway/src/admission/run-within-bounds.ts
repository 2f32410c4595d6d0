import { graphqlErrorOf, KithError } from '@kith/service-kit';
import { type ExecutionResult, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { GatewayContext } from '../request/gateway-context.ts';
import { type DearBulkheads, momentBeforeRefusal } from './run-dear-operations.ts';
import type { LoadShedding } from './shed-load.ts';

/**
 * Bulkheads and deadlines: runs queries and mutations as their turn comes, in a row of their own each (a storm of
 * sign-ins keeps no read waiting), those that ask for something dear in compartments apart, and gives each its time: calls
 * to services get what is left of it. A subscription lives on and takes no turn; it is not begun while this process is
 * late.
 */
export function runWithinBounds({
  queries,
  mutations,
  dear,
  timeoutMs,
}: {
  queries: LoadShedding;
  mutations: LoadShedding;
  dear: DearBulkheads;
  timeoutMs: number;
}): Plugin<Partial<GatewayContext>> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args) => {
        const context: Partial<GatewayContext> = args.contextValue;
        const { dearFields, viewer, clientAddress = '' } = context;
        const operation = getOperationAST(args.document, args.operationName);
        const load = operation?.operation === 'mutation' ? mutations : queries;
        let leave: () => void;
        let result: unknown;
        try {
          leave = await (dearFields ? dear.enter(dearFields, viewer?.userId ?? clientAddress) : load.enter());
        } catch (error) {
          if (dearFields) await momentBeforeRefusal();
          return refused(error);
        }
        try {
          context.answerBy = Date.now() + timeoutMs;
          result = await executeFn(args);
        } finally {
          leave();
        }
        if (dearFields && isUnavailable(result)) await momentBeforeRefusal();
        return result;
      });
    },
    onSubscribe({ setResultAndStopExecution }) {
      try {
        queries.refuseWhenBusy();
      } catch (error) {
        setResultAndStopExecution(refused(error));
      }
    },
  };
}

function refused(error: unknown) {
  if (error instanceof KithError) return { errors: [graphqlErrorOf(error)] };
  throw error;
}

function isUnavailable(result: unknown): boolean {
  const { errors } = (result ?? {}) as ExecutionResult;
  return errors?.some(({ extensions }) => extensions?.code === 'SERVICE_UNAVAILABLE') ?? false;
}
