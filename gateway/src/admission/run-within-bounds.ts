import { graphqlErrorOf, KithError } from '@kith/service-kit';
import type { Plugin } from 'graphql-yoga';
import type { GatewayContext } from '../gateway-context.ts';
import type { LoadShedding } from './shed-load.ts';

/**
 * Runs queries and mutations as their turn comes, and gives each its time: calls to services get what is left of it. A
 * subscription lives on and takes no turn; it is not begun while this process is late.
 */
export function runWithinBounds({
  load,
  timeoutMs,
}: {
  load: LoadShedding;
  timeoutMs: number;
}): Plugin<Partial<GatewayContext>> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args) => {
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
        load.refuseWhenLate();
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
