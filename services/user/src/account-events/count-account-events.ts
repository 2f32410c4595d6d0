import type { EventBus } from '@kith/event-delivery/domain-events';
import { Counter } from '@prometheus-io/client';
import type { UserEvent } from '../domain/user-events.ts';

const registered = new Counter({ name: 'kith_accounts_registered_total', help: 'Accounts that were made.' });
const deleted = new Counter({ name: 'kith_accounts_deleted_total', help: 'Accounts whose people left.' });
const passwords = new Counter({ name: 'kith_passwords_changed_total', help: 'Passwords that were changed.' });

/** Metrics of the domain: what happened to accounts since this process began. */
export function countAccountEvents(bus: Pick<EventBus<UserEvent>, 'on'>): void {
  bus.on('user.registered', () => registered.inc(), { name: 'counts new accounts' });
  bus.on('user.deleted', () => deleted.inc(), { name: 'counts deleted accounts' });
  bus.on('user.password-changed', () => passwords.inc(), { name: 'counts new passwords' });
}
