import {
  type AggregateEvent,
  createEventBus,
  type InUnitOfWork,
  inTransaction,
  type Log,
  type OutboxEvent,
  type UnitOfWork,
  unitsOfWork,
} from '@kith/event-delivery';
import type pg from 'pg';

/**
 * Units of work of a service, and the event bus that hears of what they committed: its one subscriber says each event
 * in the log, as an audit line.
 */
export function openUnitsOfWork<Event extends AggregateEvent>(options: {
  readonly pool: pg.Pool;
  readonly log: Log;
  /** What other services learn of an event. */
  readonly toContract: (event: Event) => OutboxEvent;
}): { inUnitOfWork: InUnitOfWork<Event, pg.PoolClient>; stop(): Promise<void> } {
  const { pool, log, toContract } = options;
  const bus = createEventBus<Event, UnitOfWork<Event>>({
    onFailure: ({ event, error }) => log.error({ event: event.name, error: String(error) }, 'a subscriber failed'),
  });
  bus.on(
    () => true,
    ({ name, source }) => log.info({ ...source }, name),
  );
  const inUnitOfWork = unitsOfWork<Event, pg.PoolClient>({
    transaction: (work, signal) => inTransaction(pool, work, 'BEGIN', signal),
    sqlOf: (client) => client,
    bus,
    toOutbox: (events) => events.map(toContract),
  });
  return { inUnitOfWork, stop: () => bus.stop() };
}
