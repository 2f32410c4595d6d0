import { setTimeout as wait } from 'node:timers/promises';
import { backoffMs } from '@kith/event-delivery';
import { graphqlErrorOf, KithError, type Logger } from '@kith/service-kit';
import type { PlainSubscription } from '@kith/supergraph';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import type { OperationsInProgress } from '../in-progress/end-what-the-schema-lacks.ts';
import type { SessionEnds } from '../live/session-ends.ts';
import { completed } from '../plan/complete-selection.ts';
import { Gathered } from '../plan/gather/gathered.ts';
import type { PassedThrough, PlannedOperation } from '../plan/plan-operations.ts';
import type { GatewayContext } from '../request/gateway-context.ts';
import { type Stream, StreamRefused } from '../subgraphs/streams/stream-ends.ts';
import { streamsLost } from './pass-through-metrics.ts';
import { PassedSubscription } from './passed-subscription.ts';
import { resumeStream } from './resume-stream.ts';

/** A planned subscription that is no live list, and whose it is. */
export interface AskedToPass {
  readonly planned: PlannedOperation & { readonly passedThrough: PassedThrough };
  /** By which document it was asked for, valid for which schema. */
  readonly document: DocumentNode;
  readonly schema: GraphQLSchema;
  readonly context: GatewayContext;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface PlainSubscriptions {
  /** Its events as answers. The iterator rejects with a GraphQLError that says why there are no more. */
  follow(asked: AskedToPass): AsyncIterableIterator<ExecutionResult>;
  /** Another supergraph is in use: what it has no more, or from another service, is ended. */
  serve(fields: ReadonlyMap<string, PlainSubscription>): void;
  stop(): void;
}

const PAUSE = { firstMs: 100, mostMs: 5_000 };

/**
 * Passes plain subscriptions through: what a service sends for its part of the selection, joined with what others have, by
 * the operation's plan. They last as long as their session does, and over another supergraph that has their field too.
 */
export function passSubscriptionsThrough({
  sessionEnds,
  inProgress,
  log,
}: {
  sessionEnds: SessionEnds;
  inProgress: OperationsInProgress;
  log: Logger;
}): PlainSubscriptions {
  const open = new Set<PassedSubscription>();
  let served: ReadonlyMap<string, PlainSubscription> | undefined;

  const isServed = ({ field, subgraph }: { field: string; subgraph: string }) =>
    !served || served.get(field)?.subgraph.toLowerCase() === subgraph.toLowerCase();

  function subscribe({ planned, document, schema, context, variables }: AskedToPass): PassedSubscription {
    const { passedThrough } = planned;
    const { field, subgraph } = passedThrough;
    const events = (signal: AbortSignal) =>
      resumeStream({
        ...{ signal, pause: pauseBetweenTries, now: () => performance.now() },
        open: (listener) => toldOf(passedThrough.open({ context, variables }, listener), { subgraph, log }),
        onLost: () => streamsLost.inc({ service: subgraph }),
      });
    const subscription = new PassedSubscription({ field, subgraph }, events, (ended) => {
      open.delete(ended);
      session?.stop();
      progress.stop();
    });
    open.add(subscription);
    const session =
      context.socketWatchesSession || !context.viewer
        ? undefined
        : sessionEnds.watch(context.viewer, (why) => subscription.end('SESSION', graphqlErrorOf(why)));
    const progress = inProgress.begin(document, schema, (why) => subscription.end('REPLACED', graphqlErrorOf(why)));
    if (!isServed(subscription)) subscription.end('REPLACED', replaced(field, served));
    return subscription;
  }

  return {
    follow: (asked) => answersOf(subscribe(asked), asked),
    serve(fields) {
      served = fields;
      for (const each of [...open]) if (!isServed(each)) each.end('REPLACED', replaced(each.field, served));
    },
    stop() {
      const error = graphqlErrorOf(new KithError('SERVICE_UNAVAILABLE', 'This gateway stops: subscribe again.'));
      for (const each of [...open]) each.end('REPLACED', error);
    },
  };
}

/** Of an iterator that can be left while its `next()` waits, which a generator's cannot. */
function answersOf(
  subscription: PassedSubscription,
  { planned, context, variables }: AskedToPass,
): AsyncIterableIterator<ExecutionResult, undefined> {
  const { passedThrough, gather, complete } = planned;
  return {
    async next() {
      const next = await subscription.next();
      if (next.done) return next;
      const { result, mayHaveMissed } = next.value;
      const gathered = new Gathered(context, variables);
      passedThrough.take(gathered, result);
      if (result.data) await gather?.(gathered);
      const answer = completed(complete, gathered);
      return { done: false, value: mayHaveMissed ? { ...answer, extensions: { mayHaveMissed } } : answer };
    },
    async return() {
      return subscription.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  } as AsyncIterableIterator<ExecutionResult, undefined>;
}

/** A service that does not do what its settings say is for the operator to mend. */
async function* toldOf(stream: Stream, { subgraph, log }: { subgraph: string; log: Logger }): Stream {
  try {
    return yield* stream;
  } catch (error) {
    if (error instanceof StreamRefused && error.misconfigured) {
      log.error({ subgraph }, 'the service does not take subscriptions as SUBGRAPHS_FILE says');
    }
    throw error;
  }
}

function replaced(field: string, served: ReadonlyMap<string, PlainSubscription> | undefined): Error {
  const error = served?.has(field)
    ? new KithError('SERVICE_UNAVAILABLE', `Another service has Subscription.${field} now: subscribe again.`)
    : new KithError('BAD_USER_INPUT', `Subscription.${field} is there no more, or is another one now.`);
  return graphqlErrorOf(error);
}

/** Exponential backoff with jitter, so that a service that returns is not asked by all at once. */
async function pauseBetweenTries(failures: number, signal: AbortSignal): Promise<void> {
  await wait(backoffMs(failures, PAUSE), undefined, { signal, ref: false }).catch(() => undefined);
}
