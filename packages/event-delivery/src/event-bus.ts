import type { DomainEvent } from './domain-event.ts';

/**
 * The in-process bus for domain events that have been committed. Handlers are side jobs (metrics, cache hints, nudges):
 * a failing one is reported and breaks neither the command nor its neighbours. What must not be lost goes through the
 * outbox instead.
 */
export interface EventBus<Event extends DomainEvent> {
  /** Returns its own undoing. */
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

/** Runs jobs later. `submit` answers false when its queue is full: the job is not run, and the bus reports it. */
export interface Executor {
  submit(job: () => Promise<void>): boolean;
  drain(): Promise<void>;
}

export interface BusFailure<Event> {
  readonly event: Event;
  readonly error: unknown;
}

export function createEventBus<Event extends DomainEvent>(options: {
  onFailure: (failure: BusFailure<Event>) => void;
}): EventBus<Event> {
  const registrations = new Set<{ matches: (event: Event) => boolean; handler: Handler<Event>; executor?: Executor }>();
  const running = new Set<Promise<void>>();

  async function run(handler: Handler<Event>, event: Event): Promise<void> {
    try {
      await handler(event);
    } catch (error) {
      options.onFailure({ event, error });
    }
  }

  return {
    on(selector: string | ((event: Event) => boolean), handler: Handler<never>, executor?: Executor) {
      const matches = typeof selector === 'string' ? (event: Event) => event.name === selector : selector;
      const registration = { matches, handler: handler as Handler<Event>, ...(executor ? { executor } : {}) };
      registrations.add(registration);
      return () => void registrations.delete(registration);
    },
    dispatch(events) {
      for (const event of events) {
        for (const { matches, handler, executor } of [...registrations]) {
          if (!matches(event)) continue;
          if (executor) {
            if (!executor.submit(() => run(handler, event))) {
              options.onFailure({ event, error: new ExecutorFull() });
            }
            continue;
          }
          const job = run(handler, event);
          running.add(job);
          void job.finally(() => running.delete(job));
        }
      }
    },
    async drain() {
      const executors = new Set([...registrations].flatMap(({ executor }) => executor ?? []));
      await Promise.all([...running, ...[...executors].map((executor) => executor.drain())]);
    },
  };
}

export class ExecutorFull extends Error {
  constructor() {
    super('The executor has no room for another job: give it a longer queue or a faster handler.');
    this.name = 'ExecutorFull';
  }
}

/** At most `concurrency` jobs at once and `maxQueued` waiting, started in the order they came. */
export function createExecutor(limits: { concurrency: number; maxQueued: number }): Executor {
  const queue: (() => Promise<void>)[] = [];
  const idle: (() => void)[] = [];
  let running = 0;

  function startNext(): void {
    while (running < limits.concurrency) {
      const job = queue.shift();
      if (!job) break;
      running += 1;
      void job()
        .catch(() => undefined)
        .finally(() => {
          running -= 1;
          startNext();
        });
    }
    if (running === 0 && queue.length === 0) for (const done of idle.splice(0)) done();
  }

  return {
    submit(job) {
      if (running >= limits.concurrency && queue.length >= limits.maxQueued) return false;
      queue.push(job);
      startNext();
      return true;
    },
    drain() {
      if (running === 0 && queue.length === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };
}
