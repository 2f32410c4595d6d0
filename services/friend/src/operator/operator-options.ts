import type { EventBroker } from '@kith/event-delivery';
import type { SharedSecret } from '@kith/service-kit';
import type { FriendLimits } from '../domain/relationship-state.ts';
import type { FriendServiceParts } from '../parts/friend-service-parts.ts';
import type { UserService } from '../profiles/user-service.ts';

/** What the operator's routes work with; each takes what it needs. */
export interface OperatorOptions {
  readonly parts: FriendServiceParts;
  readonly users: UserService;
  readonly limits: FriendLimits;
  readonly operatorKey: SharedSecret;
  readonly broker: () => Promise<EventBroker>;
}
