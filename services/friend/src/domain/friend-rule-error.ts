/** Every way in which a rule about two people can say no. The codes are those of the public API. */
export type FriendRuleCode =
  | 'UNAUTHENTICATED'
  | 'BAD_USER_INPUT'
  | 'USER_NOT_FOUND'
  | 'NOT_FRIENDS'
  | 'REQUEST_NOT_FOUND'
  | 'NOT_ALLOWED'
  | 'CANNOT_BEFRIEND_SELF'
  | 'FRIEND_LIMIT_REACHED'
  | 'RATE_LIMITED';

/** A rule's refusal; nothing has been changed. */
export class FriendRuleError extends Error {
  readonly code: FriendRuleCode;
  readonly details: { readonly field?: string; readonly limit?: number; readonly retryAfterMs?: number };

  constructor(code: FriendRuleCode, message: string, details: FriendRuleError['details'] = {}) {
    super(message);
    this.name = 'FriendRuleError';
    this.code = code;
    this.details = details;
  }
}
