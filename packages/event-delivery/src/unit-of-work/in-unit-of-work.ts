import type { RecordsEvents } from '../domain-events/aggregate-root.ts';
import type { AggregateEvent } from '../domain-events/domain-event.ts';
import type { EventBus, EventScope } from '../domain-events/event-bus.ts';
import { appendToOutbox } from '../outbox/append-to-outbox.ts';
import type { OutboxEvent } from '../outbox/draft-event.ts';
import type { SqlConnection } from '../postgres/sql-connection.ts';

export interface UnitOfWork<Event extends AggregateEvent> {
  /** The open transaction. */
  readonly sql: SqlConnection;
  /** For subscribers to this unit's events alone; `EventBus.currentScope` finds it, too. */
  readonly scope: EventScope<Event, UnitOfWork<Event>>;
  /**
   * Makes the aggregate part of the unit: what it records, before or after, is published with it. A repository calls it
   * when it loads or saves one; a second call changes nothing.
   */
  enter(aggregate: RecordsEvents<Event>): void;
}

export interface UnitOfWorkOptions<Event extends AggregateEvent, Transaction> {
  /** Runs `work` in one transaction, committed when it resolves and rolled back when it rejects; it may run it again. */
  readonly transaction: <Result>(
    work: (transaction: Transaction) => Promise<Result>,
    signal?: AbortSignal,
  ) => Promise<Result>;
  readonly sqlOf: (transaction: Transaction) => SqlConnection;
  readonly bus: EventBus<Event, UnitOfWork<Event>>;
  /** The one mapping from what aggregates record to what other services may rely on. */
  readonly toOutbox: (events: readonly Event[]) => readonly OutboxEvent[];
  /** After a commit with events, and after those who heard of them: wakes the relay. Must not throw. */
  readonly committed?: () => void;
}

/** As one transaction; `work` may run more than once, if the transaction does. */
export type InUnitOfWork<Event extends AggregateEvent, Transaction> = <Result>(
  work: (unit: UnitOfWork<Event>, transaction: Transaction) => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>;

/** Participants answered each other's events with events of their own, and saw no end to it. */
export class EventsWithoutEnd extends Error {
  readonly code = 'EVENTS_WITHOUT_END';
  constructor(names: readonly string[]) {
    super(`Subscribers in a transaction record events because of each other's, without end: ${names.join(', ')}.`);
    this.name = 'EventsWithoutEnd';
  }
}

const MOST_ROUNDS = 100;

/**
 * Unit of work (Fowler, "Patterns of Enterprise Application Architecture"): state and events of one command in one
 * transaction. `work` changes aggregates and saves them; then, in this order,
 *
 * 1. the `inTransaction` subscribers of the bus and of the unit's scope hear of what was recorded, and of what they
 *    record themselves;
 * 2. all of it is appended to the outbox, by `toOutbox`, and the transaction commits;
 * 3. the aggregates' events are taken, `on` subscribers hear of them, and the relay is woken.
 *
 * Whatever fails before the commit rolls everything back: nobody hears of anything, and the aggregates, which are ahead
 * of the database now, keep their events and are to be loaded anew.
 */
export function unitsOfWork<Event extends AggregateEvent, Transaction>(
  options: UnitOfWorkOptions<Event, Transaction>,
): InUnitOfWork<Event, Transaction> {
  const { bus, toOutbox } = options;

  async function attempt<Result>(
    transaction: Transaction,
    work: (unit: UnitOfWork<Event>, transaction: Transaction) => Promise<Result>,
  ) {
    const entered = new Map<RecordsEvents<Event>, number>();
    const scope = bus.scope();
    const unit: UnitOfWork<Event> = {
      sql: options.sqlOf(transaction),
      scope,
      enter: (aggregate) => void (entered.has(aggregate) || entered.set(aggregate, 0)),
    };
    return scope.run(async () => {
      const result = await work(unit, transaction);
      const events = await tellParticipants(unit, entered);
      if (events.length > 0) await appendToOutbox(unit.sql, toOutbox(events));
      return { result, events, entered, scope };
    });
  }

  return async (work, signal) => {
    const done = await options.transaction((transaction) => attempt(transaction, work), signal);
    for (const aggregate of done.entered.keys()) aggregate.takeEvents();
    if (done.events.length > 0) {
      done.scope.dispatch(done.events);
      options.committed?.();
    }
    return done.result;
  };
}

/** Until nobody records any more. Resolves to all events, in the order in which they were heard of. */
async function tellParticipants<Event extends AggregateEvent>(
  unit: UnitOfWork<Event>,
  entered: Map<RecordsEvents<Event>, number>,
): Promise<readonly Event[]> {
  const told: Event[] = [];
  for (let round = 0; ; round += 1) {
    const fresh = [...entered].flatMap(([{ events }, known]) => events.slice(known));
    if (fresh.length === 0) return told;
    if (round === MOST_ROUNDS) throw new EventsWithoutEnd([...new Set(fresh.map(({ name }) => name))]);
    for (const aggregate of entered.keys()) entered.set(aggregate, aggregate.events.length);
    told.push(...fresh);
    await unit.scope.takePart(fresh, unit);
  }
}
