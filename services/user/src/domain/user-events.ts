import type { ProfileData } from '@kith/event-contracts';
import type { AggregateEvent } from '@kith/event-delivery/domain-events';

type Recorded<Name extends string> = AggregateEvent<Name, 'user'>;

/** Domain events, recorded by the account. Internal: free to change with the rules. */
export type UserEvent =
  | (Recorded<'user.registered'> & { readonly profile: ProfileData })
  | (Recorded<'user.profile-changed'> & { readonly before: ProfileData; readonly after: ProfileData })
  | Recorded<'user.deleted'>
  | Recorded<'user.password-changed'>;
