import { type DomainEvent, keepsEvents, type SqlConnection } from '@kith/event-delivery';
import type { Moment } from '../domain/user.ts';
import type { UserEvent } from '../domain/user-events.ts';

type ActionName = Exclude<UserEvent['name'], 'user.profile-changed'>;

/**
 * Audit trail: something that a user did with their account, kept for later inquiries. It holds ids and no personal
 * data, so it outlives the account.
 */
export type AccountAction =
  | DomainEvent<ActionName>
  | (DomainEvent<'user.signed-in' | 'user.signed-out' | 'user.refresh-token-reused'> & { readonly sessionId: string });

/** In the table `account_action`, which refuses to change or lose a row. */
export const accountActions = keepsEvents<AccountAction>('account_action');

/** Saves an action about a session, in the transaction that changes the session. */
export async function keepSessionAction(
  sql: SqlConnection,
  name: 'user.signed-in' | 'user.signed-out' | 'user.refresh-token-reused',
  session: { readonly id: string; readonly userId: string },
  { now, newId }: Moment,
): Promise<void> {
  const source = { kind: 'user', id: session.userId };
  await accountActions.append(sql, [{ name, id: newId(), occurredAt: now, source, sessionId: session.id }]);
}

/** Saves the actions about the account itself, in the transaction of these events, without the profiles in them. */
export async function keepAccountActions(
  events: readonly UserEvent[],
  { sql }: { readonly sql: SqlConnection },
): Promise<void> {
  const actions = events.flatMap(({ name, id, occurredAt, source }) =>
    name === 'user.profile-changed' ? [] : { name, id, occurredAt, source },
  );
  await accountActions.append(sql, actions);
}
