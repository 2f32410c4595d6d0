import type { FriendAnswer, FriendListAnnouncement, FriendRequestAnswer } from '@kith/event-contracts';

/**
 * A change of a friend list in exactly the shape the friend subgraph answers it in. Announcements carry it, and so does
 * the catch-up: what a client selects is resolved over this object either way.
 */
export type FriendListChange = (FriendListAnnouncement & { readonly complete?: never }) | FriendListSnapshot;

/** Snapshots are never announced: only the store gives them. */
interface FriendListSnapshot {
  readonly __typename: 'FriendListSnapshot';
  readonly cursor: string;
  readonly revision: number;
  readonly occurredAt: string;
  readonly reason: 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';
  readonly friends: readonly FriendAnswer[];
  readonly requests: readonly FriendRequestAnswer[];
  readonly complete: boolean;
}
