import { AsyncLocalStorage } from 'node:async_hooks';
import type { DomainEvent } from './domain-event.ts';
import { type BusFailure, handsOver } from './hand-over.ts';
import {
  type Handler,
  type Participant,
  type SubscriberOptions,
  type Subscribing,
  Subscriptions,
} from './subscriptions.ts';

/**
 * Event bus (publish/subscribe in the process) for domain events. What becomes of an event, in this order:
 *
 * 1. `inTransaction` subscribers, in the transaction of the unit of work;
 * 2. the event table (outbox), in the same transaction, which then commits;
 * 3. `on` subscribers; and the broker, by the relay that the commit wakes.
 *
 * `on` subscribers are for what may be lost with the process: metrics, log lines, hints to a cache. What must not be
 * lost takes part in the transaction, or hears of the event from the broker.
 */
export interface EventBus<Event extends DomainEvent, Unit = unknown>
  extends Subscribing<Event, Unit>,
    Dispatching<Event, Unit> {
  /** The scope of the unit of work that runs at this moment, found from anywhere below it; undefined outside of one. */
  currentScope(): EventScope<Event, Unit> | undefined;
  /** Resolves when every executor has room again (backpressure). */
  room(): Promise<void>;
  /** Resolves when nothing dispatched so far is still being handled. */
  drain(): Promise<void>;
  /**
   * Drains, for `drainWithinMs` at most: whatever is not handled by then is reported with BusStopped, and not begun any
   * more. Events that come later are reported as well. A second call waits for the first.
   */
  stop(): Promise<void>;
}

export interface Dispatching<Event extends DomainEvent, Unit> {
  /**
   * Calls the `on` subscribers of committed events: those without an executor before it returns. Never throws. false:
   * an executor's queue is full, and who can wait before the next events should wait for `room` (as with a Node stream).
   */
  dispatch(events: readonly Event[]): boolean;
  /** Calls the `inTransaction` subscribers one after the other. Rejects with what the first one throws that fails. */
  takePart(events: readonly Event[], unit: Unit): Promise<void>;
  /** A scope inside of this one. */
  scope(): EventScope<Event, Unit>;
}

/**
 * A bus for one unit of work (scoped bus): whoever subscribes here hears of its events alone, behind those who hear of
 * all events. Nothing has to be unregistered: the subscriptions go with the unit.
 */
export interface EventScope<Event extends DomainEvent, Unit = unknown>
  extends Subscribing<Event, Unit>,
    Dispatching<Event, Unit> {
  /** Runs `work` so that `currentScope` finds this scope, in whatever `work` calls or waits for (AsyncLocalStorage). */
  run<Result>(work: () => Result): Result;
}

export interface EventBusOptions<Event> {
  /** Must not throw; what it throws is dropped, for nobody is left to tell. */
  readonly onFailure: (failure: BusFailure<Event>) => void;
  /** How long `stop` waits for handlers; 5 s unless it is given. */
  readonly drainWithinMs?: number;
}

export function createEventBus<Event extends DomainEvent, Unit = unknown>(
  options: EventBusOptions<Event>,
): EventBus<Event, Unit> {
  const scopes = new AsyncLocalStorage<EventScope<Event, Unit> | undefined>();
  const jobs = handsOver<Event>({
    onFailure: options.onFailure,
    apart: (work) => scopes.run(undefined, work),
  });
  let stopping: Promise<void> | undefined;

  function level(outer?: Dispatching<Event, Unit>): Subscribing<Event, Unit> & Dispatching<Event, Unit> {
    const committed = new Subscriptions<Event, Handler<Event>>();
    const taking = new Subscriptions<Event, Participant<Event, Unit>>();
    const opened: Subscribing<Event, Unit> & Dispatching<Event, Unit> = {
      on: (selector: never, handler: never, how?: SubscriberOptions) => committed.add(selector, handler, how),
      inTransaction: (selector: never, taker: never, how?: SubscriberOptions) => taking.add(selector, taker, how),
      dispatch(events) {
        outer?.dispatch(events);
        for (const event of events) for (const subscribed of committed.all) jobs.handOver(event, subscribed);
        return jobs.hasRoom();
      },
      async takePart(events, unit) {
        await outer?.takePart(events, unit);
        for (const { matches, call } of taking.all) {
          const matching = events.filter(matches);
          if (matching.length > 0) await call(matching, unit);
        }
      },
      scope() {
        const scope: EventScope<Event, Unit> = { ...level(opened), run: (work) => scopes.run(scope, work) };
        return scope;
      },
    };
    return opened;
  }

  return {
    ...level(),
    currentScope: () => scopes.getStore(),
    room: () => jobs.room(),
    drain: jobs.drain,
    stop() {
      stopping ??= jobs.stop(options.drainWithinMs ?? 5_000);
      return stopping;
    },
  };
}
