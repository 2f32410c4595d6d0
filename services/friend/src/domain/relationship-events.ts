import type { AggregateEvent } from '@kith/event-delivery/domain-events';
import type { FriendDetails, FriendRequest, RequestOutcome } from './relationship-state.ts';

type Recorded<Name extends string> = AggregateEvent<Name, 'relationship'>;

/**
 * What can happen between two people, seen from neither side. Internal: free to change with the rules. Their source is
 * the pair, which has no version of its own: the two lists have.
 */
export type RelationshipEvent =
  | (Recorded<'relationship.friendship-began'> & { readonly sides: ReadonlyMap<string, FriendDetails> })
  | (Recorded<'relationship.friendship-ended'> & { readonly sides: ReadonlyMap<string, FriendDetails> })
  | (Recorded<'relationship.details-changed'> & {
      readonly ownerId: string;
      readonly friendId: string;
      readonly before: FriendDetails;
      readonly after: FriendDetails;
    })
  | (Recorded<'relationship.request-sent'> & { readonly request: FriendRequest })
  | (Recorded<'relationship.request-closed'> & { readonly request: FriendRequest; readonly outcome: RequestOutcome })
  | (Recorded<'relationship.blocked'> & { readonly byId: string; readonly blockedId: string })
  | (Recorded<'relationship.unblocked'> & { readonly byId: string; readonly blockedId: string });
