import type { FriendData } from '@kith/event-contracts';

/** What a list shows of an open request, in either direction. Ids only: the two profiles are joined when it is read. */
export interface ListedRequest {
  readonly id: string;
  readonly fromId: string;
  readonly toId: string;
  readonly message: string | null;
  /** An instant, RFC 3339. */
  readonly sentAt: string;
}

/** One person's whole list at one revision, as a loader reads it from Postgres in ONE snapshot. In no order. */
export interface ListState {
  readonly revision: number;
  readonly friends: readonly FriendData[];
  readonly requests: readonly ListedRequest[];
}

/** What one revision does to a list. `put-` adds or replaces. */
export type ViewChange =
  | { readonly kind: 'put-friend'; readonly friend: FriendData }
  | { readonly kind: 'put-friends'; readonly friends: readonly FriendData[] }
  | { readonly kind: 'remove-friend'; readonly userId: string }
  | { readonly kind: 'put-request'; readonly request: ListedRequest }
  | { readonly kind: 'remove-request'; readonly requestId: string };
