import { type ExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { GatewayContext } from '../gateway-context.ts';
import type { OpenLiveList } from './open-live-list.ts';
import { projectionOf } from './project-announcement.ts';
import { PushedList } from './push-to-socket.ts';

/**
 * The short way for subscriptions whose whole selection stands in the announcements (the usual ones): each change is
 * projected, not executed, at a fraction of the cost, and over WebSocket written straight to the socket. All others go
 * the long way: what was not announced is asked of the services, change by change.
 */
export function answerFromAnnouncements(live: GraphQLSchema, openLiveList: OpenLiveList): Plugin<GatewayContext> {
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const projection = projectionOf(live, args);
      if (!projection) return;
      setSubscribeFn(() => {
        const after = projection.args.after as string | null | undefined;
        const { push }: GatewayContext = args.contextValue;
        try {
          const list = openLiveList(after ?? null, args.contextValue);
          return push ? new PushedList(list, projection.textOf, push) : mapped(list, projection.project);
        } catch (error) {
          if (error instanceof GraphQLError) return { errors: [error] };
          throw error;
        }
      });
    },
  };
}

/** Not an async generator: leaving one waits for the change that its `next()` waits for. */
function mapped<From>(
  source: AsyncIterator<From, undefined>,
  project: (value: From) => ExecutionResult,
): AsyncIterableIterator<ExecutionResult, undefined> {
  return {
    async next() {
      const next = await source.next();
      return next.done ? next : { done: false, value: project(next.value) };
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
