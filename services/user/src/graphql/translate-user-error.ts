import { KithError } from '@kith/service-kit';
import { UserRuleError } from '../domain/user-rule-error.ts';

/** A rule's refusal as clients read it; undefined for anything else. */
export function translateUserError(error: unknown): KithError | undefined {
  if (!(error instanceof UserRuleError)) return undefined;
  return new KithError(error.code, error.message, error.details, { cause: error });
}
