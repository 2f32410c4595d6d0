import { graphqlErrorOf, KithError } from '@kith/service-kit';
import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { GatewayContext } from '../request/gateway-context.ts';
import type { LoadShedding } from './shed-load.ts';

/**
 * Bulkheads and deadlines: runs queries and mutations as their turn comes, in a row of their own each (a storm of
 * sign-ins keeps no read waiting), and gives each its time: calls to services get what is left of it. A subscription
 * lives on and takes no turn; it is not begun while this process is late.
 */
export function runWithinBounds({
  queries,
  mutations,
  timeoutMs,
}: {
  queries: LoadShedding;
  mutations: LoadShedding;
  timeoutMs: number;
}): Plugin<Partial<GatewayContext>> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args) => {
        const operation = getOperationAST(args.document, args.operationName);
        const load = operation?.operation === 'mutation' ? mutations : queries;
        let leave: () => void;
        try {
          leave = await load.enter();
        } catch (error) {
          return refused(error);
        }
        try {
          args.contextValue.answerBy = Date.now() + timeoutMs;
          return await executeFn(args);
        } finally {
          leave();
        }
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
