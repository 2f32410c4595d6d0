import type { DomainEvent } from './domain-event.ts';
import { type Executor, ExecutorFull } from './executor.ts';

/**
 * Publish/subscribe in the process: the bus for domain events that have been committed. Handlers are side jobs
 * (metrics, cache hints, nudges): a failing one is reported and breaks neither the command nor its neighbours. What
 * must not be lost goes through the outbox instead.
 */
export interface EventBus<Event extends DomainEvent> {
  /** Returns its own undoing. Jobs already handed to the executor still run. */
  on<Name extends Event['name']>(
    name: Name,
    handler: Handler<Extract<Event, { name: Name }>>,
    executor?: Executor,
  ): Unregister;
  on(matches: (event: Event) => boolean, handler: Handler<Event>, executor?: Executor): Unregister;
  /** Runs synchronous handlers before it returns; hands the others to their executors. Never throws. */
  dispatch(events: readonly Event[]): void;
  /** Resolves when nothing dispatched so far is still being handled. */
  drain(): Promise<void>;
}

export type Handler<Event> = (event: Event) => void | Promise<void>;
export type Unregister = () => void;

export interface BusFailure<Event> {
  readonly event: Event;
  readonly error: unknown;
}

interface Registration<Event> {
  readonly matches: (event: Event) => boolean;
  readonly handler: Handler<Event>;
  readonly executor: Executor | undefined;
}

export function createEventBus<Event extends DomainEvent>(options: {
  /** Must not throw; what it throws is dropped, for nobody is left to tell. */
  onFailure: (failure: BusFailure<Event>) => void;
}): EventBus<Event> {
  const registrations = new Set<Registration<Event>>();
  const running = new Set<Promise<void>>();
  // Kept after an unregistration: jobs may still wait there when the process drains.
  const executors = new Set<Executor>();

  function report(event: Event, error: unknown): void {
    try {
      options.onFailure({ event, error });
    } catch {
      // See onFailure.
    }
  }

  async function run(handler: Handler<Event>, event: Event): Promise<void> {
    try {
      await handler(event);
    } catch (error) {
      report(event, error);
    }
  }

  function matches(registration: Registration<Event>, event: Event): boolean {
    try {
      return registration.matches(event);
    } catch (error) {
      report(event, error);
      return false;
    }
  }

  function handOver({ handler, executor }: Registration<Event>, event: Event): void {
    if (executor) {
      if (!executor.submit(() => run(handler, event))) report(event, new ExecutorFull());
      return;
    }
    const job = run(handler, event);
    running.add(job);
    void job.finally(() => running.delete(job));
  }

  return {
    on(selector: string | ((event: Event) => boolean), handler: Handler<never>, executor?: Executor) {
      const registration = {
        matches: typeof selector === 'string' ? (event: Event) => event.name === selector : selector,
        handler: handler as Handler<Event>,
        executor,
      };
      registrations.add(registration);
      if (executor) executors.add(executor);
      return () => void registrations.delete(registration);
    },
    dispatch(events) {
      for (const event of events) {
        // A copy: a handler may register or unregister while it is called.
        for (const registration of [...registrations]) {
          if (matches(registration, event)) handOver(registration, event);
        }
      }
    },
    async drain() {
      await Promise.all([...running, ...[...executors].map((executor) => executor.drain())]);
    },
  };
}
