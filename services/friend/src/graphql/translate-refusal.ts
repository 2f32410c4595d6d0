import { UnreadableEvent } from '@kith/event-delivery/envelope';
import { BadStandsQuestion } from '@kith/live-list';
import { KithError } from '@kith/service-kit';
import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { BadPageCursor } from '../view/entries/page-cursor.ts';

/** How the refusals of this service's own rules read to clients; undefined for what is no refusal. */
export function translateRefusal(error: unknown): KithError | undefined {
  if (error instanceof FriendRuleError) return new KithError(error.code, error.message, error.details);
  if (error instanceof BadStandsQuestion) return new KithError('BAD_USER_INPUT', error.message, { field: error.field });
  if (error instanceof BadPageCursor) return new KithError('BAD_USER_INPUT', error.message, { field: 'after' });
  // In a rolling deploy an older process meets what a newer one has recorded; another one can read it.
  if (error instanceof UnreadableEvent && error.fromTheFuture) {
    return new KithError('SERVICE_UNAVAILABLE', 'Try again in a moment.', {}, { cause: error });
  }
  return undefined;
}
