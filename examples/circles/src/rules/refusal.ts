/** What this service refuses, by codes of its own; clients meet them in `extensions.code`. */
export type RefusalCode =
  | 'BAD_USER_INPUT'
  | 'CIRCLE_NOT_FOUND'
  | 'CIRCLE_IS_FULL'
  | 'TOO_MANY_CIRCLES'
  | 'NOT_A_MEMBER'
  | 'ROLE_TOO_LOW'
  | 'LAST_OWNER_MUST_STAY'
  | 'ACCOUNT_GONE';

/** A rule says no; nothing was changed. The message tells what to do next. */
export class CircleRefused extends Error {
  readonly code: RefusalCode;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(code: RefusalCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'CircleRefused';
    this.code = code;
    this.details = details;
  }
}
