import {
  type AggregateEvent,
  createEventBus,
  createExecutor,
  type InUnitOfWork,
  inTransaction,
  type Log,
  type OutboxEvent,
  type UnitOfWork,
  unitsOfWork,
} from '@kith/event-delivery';
import type pg from 'pg';

/** Lines are written one after the other, behind the answer; more than so many never wait. */
const AUDIT = { concurrency: 1, maxQueued: 100 };

/**
 * Units of work of a service, and the event bus that hears of what they committed: its one subscriber says each event
 * in the log, as an audit line, on an executor. Backpressure: while that has no room for another line, no unit begins.
 */
export function openUnitsOfWork<Event extends AggregateEvent>(options: {
  readonly pool: pg.Pool;
  readonly log: Log;
  /** What other services learn of an event. */
  readonly toContract: (event: Event) => OutboxEvent;
  /** Writes the audit line; into the log unless it is given. */
  readonly audit?: (event: Event) => Promise<void>;
}): { inUnitOfWork: InUnitOfWork<Event, pg.PoolClient>; stop(): Promise<void> } {
  const { pool, log, toContract } = options;
  const { audit = async ({ name, source }: Event) => log.info({ ...source }, name) } = options;
  const bus = createEventBus<Event, UnitOfWork<Event>>({
    onFailure: ({ event, error }) => log.error({ event: event.name, error: String(error) }, 'a subscriber failed'),
  });
  bus.on(() => true, audit, { executor: createExecutor(AUDIT), name: 'writes the audit line' });
  const units = unitsOfWork<Event, pg.PoolClient>({
    transaction: (work, signal) => inTransaction(pool, work, 'BEGIN', signal),
    sqlOf: (client) => client,
    bus,
    toOutbox: (events) => events.map(toContract),
  });
  const inUnitOfWork: typeof units = async (work, signal) => {
    await bus.room();
    return units(work, signal);
  };
  return { inUnitOfWork, stop: () => bus.stop() };
}
