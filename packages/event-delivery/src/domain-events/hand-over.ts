import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Executor, ExecutorFull } from './executor.ts';
import type { Handler, Subscribed } from './subscriptions.ts';

export interface BusFailure<Event> {
  readonly event: Event;
  /** The name under which the subscriber was registered. */
  readonly handler: string;
  readonly error: unknown;
}

/** The bus was stopped before the event was handled. */
export class BusStopped extends Error {
  readonly code = 'BUS_STOPPED';
  constructor() {
    super('The event bus has stopped, and this event was not handled to the end.');
    this.name = 'BusStopped';
  }
}

interface Job<Event> {
  readonly event: Event;
  readonly handler: string;
  readonly done: Promise<void>;
}

/**
 * Fault isolation between subscribers: hands one event to one of them, at once or by its executor, and reports what
 * fails. `apart` runs what an executor begins: the unit of work is over by then.
 */
export function handsOver<Event>(options: {
  onFailure: (failure: BusFailure<Event>) => void;
  apart: (work: () => Promise<void>) => Promise<void>;
}) {
  const inHand = new Set<Job<Event>>();
  // Kept after an unregistration: jobs may still wait there.
  const executors = new Set<Executor>();
  let stopped = false;

  function report(event: Event, handler: string, error: unknown): void {
    try {
      options.onFailure({ event, handler, error });
    } catch {
      // Nobody is left to tell.
    }
  }

  function keepInHand(event: Event, handler: string, running: Promise<void>): void {
    const ended = running.catch((error) => {
      if (inHand.has(job)) report(event, handler, error);
    });
    const job: Job<Event> = { event, handler, done: ended.finally(() => inHand.delete(job)) };
    inHand.add(job);
  }

  function submit(event: Event, { call, name }: Subscribed<Event, Handler<Event>>, executor: Executor): void {
    let begin = (_: void | Promise<void>) => {};
    const running = new Promise<void>((resolve) => {
      begin = resolve;
    });
    // Bound, so that the rest of the context, a trace say, goes with the job and not with who came before it.
    const job = AsyncResource.bind(async () => {
      begin(stopped ? undefined : options.apart(async () => call(event)));
      await running.catch(() => undefined);
    });
    executors.add(executor);
    if (executor.submit(job)) keepInHand(event, name, running);
    else report(event, name, new ExecutorFull());
  }

  async function drain(): Promise<void> {
    while (inHand.size > 0) await Promise.all([...inHand].map(({ done }) => done));
  }

  return {
    handOver(event: Event, subscribed: Subscribed<Event, Handler<Event>>): void {
      try {
        if (!subscribed.matches(event)) return;
        if (stopped) throw new BusStopped();
        if (subscribed.executor) {
          submit(event, subscribed, subscribed.executor);
          return;
        }
        const running = subscribed.call(event);
        if (running) keepInHand(event, subscribed.name, Promise.resolve(running));
      } catch (error) {
        report(event, subscribed.name, error);
      }
    },
    hasRoom(): boolean {
      for (const executor of executors) if (!executor.hasRoom()) return false;
      return true;
    },
    async room(): Promise<void> {
      while (!this.hasRoom()) await Promise.all([...executors].map((executor) => executor.room()));
    },
    drain,
    /** How long it waits for what is in flight; the rest is given up. */
    async stop(withinMs: number): Promise<void> {
      const timer = new AbortController();
      const late = sleep(withinMs, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([drain(), late]);
      timer.abort();
      stopped = true;
      for (const { event, handler } of inHand) report(event, handler, new BusStopped());
      inHand.clear();
    },
  };
}
