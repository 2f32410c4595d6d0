import type { ListedFriend } from '../people/friend-operations.ts';
import { ListAsSeen, type ListToWatch, type SeenPlace } from './list-as-seen.ts';

/** What a subscription to a friend list sends, whatever it is. */
export interface SeenChange extends SeenPlace {
  readonly friends?: readonly ListedFriend[];
  readonly requests?: readonly SeenRequest[];
  readonly friend?: ListedFriend;
  readonly userId?: string;
  readonly request?: SeenRequest;
  readonly requestId?: string;
  readonly outcome?: string;
}

export interface SeenRequest {
  readonly id: string;
  readonly message: string | null;
  readonly from: { readonly id: string };
  readonly to: { readonly id: string };
}

export const WATCH = /* GraphQL */ `
  subscription Watch($after: String) {
    friendListChanged(after: $after) {
      __typename revision cursor occurredAt
      ... on FriendListSnapshot { reason complete friends { ...F } requests { ...R } }
      ... on FriendAdded { friend { ...F } }
      ... on FriendChanged { friend { ...F } }
      ... on FriendRemoved { userId }
      ... on FriendRequestAdded { request { ...R } }
      ... on FriendRequestClosed { requestId outcome }
    }
  }
  fragment F on Friend { remark displayName pinned tags since user { id nickname avatarUrl } }
  fragment R on FriendRequest { id message from { id } to { id } }
`;

/** A friend list as one subscriber sees it. */
export class FriendListAsSeen extends ListAsSeen<SeenChange> {
  friends = new Map<string, ListedFriend>();
  requests = new Map<string, SeenRequest>();

  get contents() {
    return {
      friends: [...this.friends.values()].toSorted((a, b) => (a.user.id < b.user.id ? -1 : 1)),
      requestIds: [...this.requests.keys()].toSorted(),
    };
  }

  protected replaceBy(pages: readonly SeenChange[]): void {
    this.friends = this.unique(pages.flatMap(({ friends }) => friends ?? []).map((friend) => [friend.user.id, friend]));
    this.requests = this.unique(
      pages.flatMap(({ requests }) => requests ?? []).map((request) => [request.id, request]),
    );
  }

  protected apply(change: SeenChange): void {
    const { __typename: kind, revision, friend, userId, request, requestId } = change;
    switch (kind) {
      case 'FriendAdded':
        if (this.friends.has(friend!.user.id)) this.problem(`revision ${revision} adds a friend who is there`);
        this.friends.set(friend!.user.id, friend!);
        break;
      case 'FriendChanged':
        if (!this.friends.has(friend!.user.id)) this.problem(`revision ${revision} changes a friend who is not there`);
        this.friends.set(friend!.user.id, friend!);
        break;
      case 'FriendRemoved':
        if (!this.friends.delete(userId!)) this.problem(`revision ${revision} removes a friend who is not there`);
        break;
      case 'FriendRequestAdded':
        if (this.requests.has(request!.id)) this.problem(`revision ${revision} adds a request that is there`);
        this.requests.set(request!.id, request!);
        break;
      case 'FriendRequestClosed':
        if (!this.requests.delete(requestId!)) this.problem(`revision ${revision} closes a request that is not there`);
        break;
      default:
        this.problem(`revision ${revision} is of the unknown kind ${kind}`);
    }
  }
}

export const FRIEND_LIST: ListToWatch<FriendListAsSeen> = {
  query: WATCH,
  seen: (after, options) => new FriendListAsSeen(after, options),
};
