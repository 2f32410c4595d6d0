import type { ProfileData } from '@kith/event-contracts';

interface Recorded<Name extends string> {
  readonly name: Name;
  readonly id: string;
  readonly occurredAt: Date;
  readonly userId: string;
}

interface Revised {
  /** The user's version after the event. */
  readonly version: number;
}

/** What happens to an account. Internal: free to change with the rules. */
export type UserEvent =
  | (Recorded<'user.registered'> & Revised & { readonly profile: ProfileData })
  | (Recorded<'user.profile-changed'> & Revised & { readonly before: ProfileData; readonly after: ProfileData })
  | (Recorded<'user.deleted'> & Revised)
  | Recorded<'user.password-changed'>;
