/** Every way in which a rule about accounts can refuse. The codes are those of the public API. */
export type UserRuleCode = 'BAD_USER_INPUT' | 'USERNAME_TAKEN' | 'INVALID_CREDENTIALS' | 'SESSION_ENDED';

/** A rule's refusal; nothing has been changed. */
export class UserRuleError extends Error {
  readonly code: UserRuleCode;
  readonly details: { readonly field?: string; readonly limit?: number };

  constructor(code: UserRuleCode, message: string, details: UserRuleError['details'] = {}) {
    super(message);
    this.name = 'UserRuleError';
    this.code = code;
    this.details = details;
  }
}
