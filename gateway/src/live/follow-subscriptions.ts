import { present } from '@kith/service-kit';
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getArgumentValues,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { completed } from '../plan/complete-selection.ts';
import { Gathered } from '../plan/gather/gathered.ts';
import type { PassedThrough, PlannedOperation, PlanOperation } from '../plan/plan-operations.ts';
import { operationOf } from '../plan/read-operation.ts';
import { cursorOfEventId, EVENT_ID, eventIdOf } from '../request/event-ids.ts';
import type { GatewayContext } from '../request/gateway-context.ts';
import type { Supergraph } from '../subgraphs/read-supergraph.ts';
import type { ListChange } from './list/list-change.ts';
import { type OpenLiveList, signInFirst } from './open-live-list.ts';
import { type Mask, rememberProjections } from './project-announcement.ts';
import { PushedList } from './push-to-socket.ts';

/** What follows a subscription that is no live list. */
export type PassThrough = (asked: {
  readonly planned: PlannedOperation & { readonly passedThrough: PassedThrough };
  readonly document: DocumentNode;
  readonly schema: GraphQLSchema;
  readonly context: GatewayContext;
  readonly variables: Readonly<Record<string, unknown>>;
}) => AsyncIterableIterator<ExecutionResult>;

type Followed = AsyncIterableIterator<ExecutionResult> | PushedList<ListChange> | ExecutionResult;

/**
 * Answers subscriptions by their plans: each change is taken from the live list, and what was not announced is joined.
 * When all that is selected was announced (the usual case), each change is an answer as it is, at a fraction of the
 * cost, and over WebSocket written straight to the socket. What is no live list is passed through.
 */
export function followSubscriptions(
  { schema, liveLists, plainSubscriptions }: Supergraph,
  plan: PlanOperation,
  { openLiveList, passThrough, mask }: { openLiveList: OpenLiveList; passThrough: PassThrough; mask: Mask },
): Plugin<GatewayContext> {
  const projectionOf = rememberProjections(mask);

  async function follow(args: ExecutionArgs): Promise<Followed> {
    // Validation passes over an operation that the schema has no root for.
    if (!schema.getSubscriptionType()) return { errors: [new GraphQLError('There is nothing to subscribe to.')] };
    const asked = operationOf(schema, args);
    if ('errors' in asked) return asked;
    const variableValues = args.variableValues ?? {};
    const context = args.contextValue as GatewayContext;
    if (!context.viewer && plainSubscriptions.size === 0) return { errors: [signInFirst()] };
    const planned = await plan(args.document, asked.operation, asked.variables, context.clientAddress);
    if ('errors' in planned) return { errors: planned.errors };
    const { announced, passedThrough, gather, complete } = planned;
    if (passedThrough) {
      const { document } = args;
      const passing = { ...planned, passedThrough };
      return passThrough({ planned: passing, document, schema, context, variables: variableValues });
    }
    // Of the others the service decides.
    if (!context.viewer) return { errors: [signInFirst()] };
    if (!announced) return { errors: [new GraphQLError('The subscription leaves out the field it is for.')] };
    const { field, take } = announced;
    const named = field.name.value;
    const declared = present(liveLists.get(named), 'what is planned as a live list is declared as one');
    const definition = present(schema.getSubscriptionType()?.getFields()[named], 'a validated field is in the schema');
    try {
      const given = getArgumentValues(definition, field, asked.variables);
      const { events, push } = context;
      const last = events?.lastEventId;
      // A client that comes back by itself sends what it sent at first, and what it had last.
      const after = last === undefined ? ((given.after as string | null | undefined) ?? null) : cursorOfEventId(last);
      const owner = declared.owner === undefined ? undefined : given[declared.owner];
      const list = openLiveList(declared, { after, owner, document: args.document, schema }, context);
      if (!gather) {
        const { project, textOf } = projectionOf(announced);
        return push
          ? new PushedList(list, textOf, push)
          : mapped(list, async (change) => identified(project(change), change, events));
      }
      return mapped(list, async (change) => {
        const gathered = new Gathered(context, variableValues);
        Object.assign(gathered.data, take({ [named]: change }, gathered.failures, gathered.errors));
        await gather(gathered);
        return identified(completed(complete, gathered), change, events);
      });
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
  }

  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(follow) };
}

/** As an event it has the cursor for its id: whoever has it may go on from there. */
function identified(
  answer: ExecutionResult,
  { cursor }: ListChange,
  events: GatewayContext['events'],
): ExecutionResult {
  return events ? Object.assign(answer, { [EVENT_ID]: eventIdOf(cursor) }) : answer;
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
