import { KithError } from '@kith/service-kit';
import { UserRuleError } from '../domain/user-rule-error.ts';

/** Translates a UserRuleError for clients; undefined for anything else. */
export function translateUserError(error: unknown): KithError | undefined {
  if (!(error instanceof UserRuleError)) return undefined;
  return new KithError(error.code, error.message, error.details, { cause: error });
}
