import { KithError } from '@kith/service-kit';
import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { BadPageCursor } from '../view/page-cursor.ts';

/** How the refusals of this service's own rules read to clients; undefined for what is no refusal. */
export function translateRefusal(error: unknown): KithError | undefined {
  if (error instanceof FriendRuleError) return new KithError(error.code, error.message, error.details);
  if (error instanceof BadPageCursor) return new KithError('BAD_USER_INPUT', error.message, { field: 'after' });
  return undefined;
}
