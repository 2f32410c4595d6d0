import { createExecutor, type EventBus } from '@kith/event-delivery/domain-events';
import type { Logger } from '@kith/service-kit';
import type { UserEvent } from '../domain/user-events.ts';

/** An import makes a thousand accounts in one transaction: some of their log lines may wait. */
const EXECUTOR = { concurrency: 1, maxQueued: 10_000 };

/**
 * Audit log: one line for each account that was made or deleted and for each new password, with ids and no personal
 * data. The table `account_action` holds what must survive the process.
 */
export function logAccountEvents(bus: Pick<EventBus<UserEvent>, 'on'>, log: Logger): void {
  const executor = createExecutor(EXECUTOR);
  bus.on(
    ['user.registered', 'user.deleted', 'user.password-changed'],
    async ({ name, id, source, occurredAt }) => {
      log.info({ audit: { event: name, id, account: source.id, version: source.version, at: occurredAt } }, 'audit');
    },
    { executor, name: 'writes the audit log' },
  );
}
