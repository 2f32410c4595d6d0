import type { ListedFriend } from '../people/friend-operations.ts';

/** What a subscription sends, whatever it is. */
export interface SeenChange {
  readonly __typename: string;
  readonly revision: number;
  readonly cursor: string;
  readonly occurredAt: string;
  readonly reason?: 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';
  readonly complete?: boolean;
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

export interface Snapshot {
  readonly reason: string;
  readonly revision: number;
  readonly pages: number;
}

/**
 * A friend list as one subscriber sees it, kept from snapshots and changes alone. It holds the service to its promise:
 * whatever is not the next revision, comes twice, or does not fit the list is written down in `problems`.
 */
export class FriendListAsSeen {
  /** Changes in the order they came; snapshots are not among them. Empty when they are only counted. */
  readonly changes: (SeenChange & { readonly seenAt: number })[] = [];
  /** How many came, each the next revision or a problem. */
  changesSeen = 0;
  readonly snapshots: Snapshot[] = [];
  readonly problems: string[] = [];
  /** Where to resume: of the last change, or page of a snapshot. */
  cursor: string | null;
  revision: number | null = null;
  friends = new Map<string, ListedFriend>();
  requests = new Map<string, SeenRequest>();
  /** Without a snapshot the list itself is not known, only what happened to it. */
  #knowsWholeList = false;
  #pages: SeenChange[] = [];
  #resumedMidSnapshot = false;
  readonly #startedWithCursor: boolean;
  readonly #keepsChanges: boolean;

  /**
   * @param after the cursor the subscription starts with; null asks for a snapshot
   * @param options `keepsChanges: false` for so many changes that they would fill the memory
   */
  constructor(after: string | null = null, { keepsChanges = true }: { keepsChanges?: boolean } = {}) {
    this.cursor = after;
    this.#keepsChanges = keepsChanges;
    this.#startedWithCursor = after !== null;
  }

  /** The connection is gone: what there is of an unfinished snapshot is worth nothing. */
  connectionLost(): void {
    if (this.#pages.length > 0) this.#resumedMidSnapshot = true;
    this.#pages = [];
  }

  take(change: SeenChange): void {
    if (change.__typename === 'FriendListSnapshot') this.#takePage(change);
    else this.#takeChange(change);
    this.cursor = change.cursor;
  }

  #takePage(page: SeenChange): void {
    const [first] = this.#pages;
    if (!first) this.#checkNewSnapshot(page);
    else if (first.revision !== page.revision) {
      this.#problem(`a snapshot's pages bear the revisions ${first.revision} and ${page.revision}`);
    }
    this.#pages.push(page);
    if (!page.complete) return;
    this.friends = this.#unique(
      this.#pages.flatMap(({ friends }) => friends ?? []).map((friend) => [friend.user.id, friend]),
    );
    this.requests = this.#unique(
      this.#pages.flatMap(({ requests }) => requests ?? []).map((request) => [request.id, request]),
    );
    this.snapshots.push({ reason: page.reason ?? 'none', revision: page.revision, pages: this.#pages.length });
    this.#pages = [];
    this.#resumedMidSnapshot = false;
    this.#knowsWholeList = true;
    this.revision = page.revision;
  }

  #checkNewSnapshot({ reason, revision }: SeenChange): void {
    const isFirst = this.revision === null && this.snapshots.length === 0 && !this.#startedWithCursor;
    if (reason === 'SUBSCRIBED' && !isFirst && !this.#resumedMidSnapshot) {
      this.#problem(`a snapshot at revision ${revision} though a cursor was given, with the reason SUBSCRIBED`);
    }
    if (reason === undefined) this.#problem(`a snapshot at revision ${revision} without a reason`);
    if (this.revision !== null && revision < this.revision && reason !== 'CURSOR_INVALID') {
      this.#problem(`a snapshot goes back from revision ${this.revision} to ${revision}`);
    }
  }

  #takeChange(change: SeenChange): void {
    const { revision } = change;
    if (this.#pages.length > 0) this.#problem(`revision ${revision} in the middle of a snapshot`);
    if (this.revision !== null && revision <= this.revision) {
      this.#problem(`revision ${revision} again: the last was ${this.revision}`);
      return;
    }
    if (this.revision !== null && revision !== this.revision + 1) {
      this.#problem(`a hole: revision ${revision} follows ${this.revision}`);
    }
    this.revision = revision;
    this.changesSeen += 1;
    if (this.#keepsChanges) this.changes.push({ ...change, seenAt: Date.now() });
    if (this.#knowsWholeList) this.#apply(change);
  }

  #apply(change: SeenChange): void {
    const { __typename: kind, revision, friend, userId, request, requestId } = change;
    switch (kind) {
      case 'FriendAdded':
        if (this.friends.has(friend!.user.id)) this.#problem(`revision ${revision} adds a friend who is there`);
        this.friends.set(friend!.user.id, friend!);
        break;
      case 'FriendChanged':
        if (!this.friends.has(friend!.user.id)) this.#problem(`revision ${revision} changes a friend who is not there`);
        this.friends.set(friend!.user.id, friend!);
        break;
      case 'FriendRemoved':
        if (!this.friends.delete(userId!)) this.#problem(`revision ${revision} removes a friend who is not there`);
        break;
      case 'FriendRequestAdded':
        if (this.requests.has(request!.id)) this.#problem(`revision ${revision} adds a request that is there`);
        this.requests.set(request!.id, request!);
        break;
      case 'FriendRequestClosed':
        if (!this.requests.delete(requestId!)) this.#problem(`revision ${revision} closes a request that is not there`);
        break;
      default:
        this.#problem(`revision ${revision} is of the unknown kind ${kind}`);
    }
  }

  #unique<Item>(entries: [string, Item][]): Map<string, Item> {
    const map = new Map(entries);
    if (map.size !== entries.length) this.#problem('a snapshot holds something twice');
    return map;
  }

  #problem(what: string): void {
    this.problems.push(what);
  }
}
