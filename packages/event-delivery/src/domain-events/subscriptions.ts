import type { DomainEvent } from './domain-event.ts';
import type { Executor } from './executor.ts';

/** Which events: those of one name or of several, or whatever a predicate says yes to. */
export type Selector<Event extends DomainEvent> =
  | Event['name']
  | readonly Event['name'][]
  | ((event: Event) => boolean);

/** What an event is once it was selected by its name. */
export type Selected<Event extends DomainEvent, Name extends string> = Event extends unknown
  ? [Extract<Event['name'], Name>] extends [never]
    ? never
    : Event
  : never;

export type Handler<Event> = (event: Event) => void | Promise<void>;

/** Takes part in a unit of work, which has the open transaction; `events` are all that it is asked about at once. */
export type Participant<Event, Unit> = (events: readonly Event[], unit: Unit) => void | Promise<void>;

export type Unregister = () => void;

export interface SubscriberOptions {
  /** Where it runs; without one the dispatcher calls it, which is right for what takes microseconds. */
  readonly executor?: Executor;
  /** What a failure report calls it: the name of the function unless it is given. */
  readonly name?: string;
}

/** Publish/subscribe inside the process: the subscribers of events. */
export interface Subscribing<Event extends DomainEvent, Unit> {
  /**
   * Subscribes to events that are committed. What the handler throws is reported, and spoils neither the command nor a
   * neighbour. Returns its own undoing; jobs that an executor has already still run.
   */
  on<const Name extends Event['name']>(
    names: Name | readonly Name[],
    handler: Handler<Selected<Event, Name>>,
    options?: SubscriberOptions,
  ): Unregister;
  on(matches: (event: Event) => boolean, handler: Handler<Event>, options?: SubscriberOptions): Unregister;
  /**
   * Takes part in units of work: called inside the transaction, before the events are in the outbox, one participant
   * after the other. What it does with the unit's transaction is committed with the events or not at all; what it
   * throws rolls all of it back.
   */
  inTransaction<const Name extends Event['name']>(
    names: Name | readonly Name[],
    participant: Participant<Selected<Event, Name>, Unit>,
    options?: Pick<SubscriberOptions, 'name'>,
  ): Unregister;
  inTransaction(
    matches: (event: Event) => boolean,
    participant: Participant<Event, Unit>,
    options?: Pick<SubscriberOptions, 'name'>,
  ): Unregister;
}

export interface Subscribed<Event, Call> {
  readonly name: string;
  readonly matches: (event: Event) => boolean;
  readonly call: Call;
  readonly executor: Executor | undefined;
}

/** Registry of subscribers, in the order in which they came. */
export class Subscriptions<
  Event extends DomainEvent,
  Call extends (event: never, unit: never) => void | Promise<void>,
> {
  /** Replaced and never changed: a handler may register or unregister while it is called. */
  all: readonly Subscribed<Event, Call>[] = [];

  add(selector: Selector<Event>, call: Call, options: SubscriberOptions = {}): Unregister {
    const subscription: Subscribed<Event, Call> = {
      name: options.name ?? (call.name || `a handler of ${typeof selector === 'function' ? 'some events' : selector}`),
      matches: matcherOf(selector),
      call,
      executor: options.executor,
    };
    this.all = [...this.all, subscription];
    return () => {
      this.all = this.all.filter((each) => each !== subscription);
    };
  }
}

function matcherOf<Event extends DomainEvent>(selector: Selector<Event>): (event: Event) => boolean {
  if (typeof selector === 'function') return selector;
  if (typeof selector === 'string') return (event) => event.name === selector;
  const names = new Set<string>(selector);
  return (event) => names.has(event.name);
}
