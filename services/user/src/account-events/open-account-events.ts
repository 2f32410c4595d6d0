import {
  createEventBus,
  type EventBus,
  type InUnitOfWork,
  inTransaction,
  type UnitOfWork,
  unitsOfWork,
} from '@kith/event-delivery';
import type { Logger } from '@kith/service-kit';
import type pg from 'pg';
import { keepAccountActions } from '../account-actions/account-action.ts';
import { eventsToPublish } from '../accounts/events-to-publish.ts';
import type { UserEvent } from '../domain/user-events.ts';
import type { Prisma, PrismaClient } from '../generated/client.ts';
import { sqlIn } from '../parts/sql-in-prisma-transaction.ts';
import { saveNewNames } from '../search/save-new-names.ts';
import { countAccountEvents } from './count-account-events.ts';
import { logAccountEvents } from './log-account-events.ts';

export interface AccountEvents {
  readonly bus: EventBus<UserEvent, UnitOfWork<UserEvent>>;
  /** For one command, in a Prisma transaction. */
  readonly inUnitOfWork: InUnitOfWork<UserEvent, Prisma.TransactionClient>;
  /** For many accounts at once, on separate connections. */
  readonly inImport: InUnitOfWork<UserEvent, pg.PoolClient>;
}

/** The event bus of accounts with its subscribers in this process, and the units of work that publish to it. */
export function openAccountEvents(options: {
  prisma: PrismaClient;
  imports: pg.Pool;
  /** Wakes the relay. */
  nudge: () => void;
  log: Logger;
}): AccountEvents {
  const { prisma, log, nudge: committed } = options;
  const bus: AccountEvents['bus'] = createEventBus<UserEvent, UnitOfWork<UserEvent>>({
    onFailure: ({ event, handler, error }) =>
      log.error({ event: event.name, handler, err: error }, 'a handler of a domain event failed'),
  });
  bus.inTransaction(() => true, saveNewNames);
  bus.inTransaction(() => true, keepAccountActions);
  countAccountEvents(bus);
  logAccountEvents(bus, log);
  const shared = { bus, toOutbox: eventsToPublish, committed };
  return {
    bus,
    inUnitOfWork: unitsOfWork<UserEvent, Prisma.TransactionClient>({
      ...shared,
      transaction: (work) => prisma.$transaction(work),
      sqlOf: sqlIn,
    }),
    inImport: unitsOfWork<UserEvent, pg.PoolClient>({
      ...shared,
      transaction: (work) => inTransaction(options.imports, work),
      sqlOf: (client) => client,
    }),
  };
}
