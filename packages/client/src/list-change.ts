/** The public API's shapes, as operations.ts selects them. */
export interface Person {
  readonly id: string;
  readonly nickname: string;
  readonly avatarUrl: string | null;
}

export interface Friend {
  readonly user: Person;
  readonly remark: string | null;
  readonly displayName: string;
  readonly pinned: boolean;
  readonly tags: readonly string[];
  /** RFC 3339. */
  readonly since: string;
}

export interface FriendRequest {
  readonly id: string;
  readonly from: Person;
  readonly to: Person;
  readonly message: string | null;
  readonly sentAt: string;
}

interface Place {
  readonly cursor: string;
  readonly revision: number;
  readonly occurredAt: string;
}

export type FriendListChange =
  | (Place & {
      readonly __typename: 'FriendListSnapshot';
      readonly reason: 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';
      readonly friends: readonly Friend[];
      readonly requests: readonly FriendRequest[];
      readonly complete: boolean;
    })
  | (Place & { readonly __typename: 'FriendAdded' | 'FriendChanged'; readonly friend: Friend })
  | (Place & { readonly __typename: 'FriendRemoved'; readonly userId: string })
  | (Place & { readonly __typename: 'FriendRequestAdded'; readonly request: FriendRequest })
  | (Place & { readonly __typename: 'FriendRequestClosed'; readonly requestId: string; readonly outcome: string });
