import { compareInNameOrder } from '@kith/written-text/order-friends';
import type { Friend, FriendListChange, FriendRequest } from '../api/list-change.ts';

/** A revision is missing between what the list has and what came: resume from the list's cursor. */
export class Hole extends Error {
  constructor(expected: number, got: number) {
    super(`Revision ${got} came where ${expected} was due.`);
    this.name = 'Hole';
  }
}

/** What is worth keeping between visits. */
export interface SavedFriendList {
  readonly cursor: string;
  readonly revision: number;
  readonly friends: readonly Friend[];
  readonly requests: readonly FriendRequest[];
}

/** The order of the API's `friends(orderBy: NAME)`, to the last of numbers and emoji. */
export const compareFriends: (a: Friend, b: Friend) => number = compareInNameOrder;

/**
 * The list as the changes make it. Takes each revision once: an old one is ignored, one too far ahead throws Hole.
 * Kept in display order, so that a change costs a binary search and not a sort.
 */
export class FriendList {
  #friends: Friend[] = [];
  #byId = new Map<string, Friend>();
  #requests = new Map<string, FriendRequest>();
  #cursor: string | null = null;
  #revision = 0;
  /** A snapshot's pages, until the last one is there: half a list is never shown. */
  #pages: { friends: Friend[]; requests: FriendRequest[]; revision: number } | null = null;

  constructor(saved?: SavedFriendList) {
    if (!saved) return;
    this.#replace(saved.friends, saved.requests);
    this.#cursor = saved.cursor;
    this.#revision = saved.revision;
  }

  /** Where to resume; null before the first snapshot. */
  get cursor(): string | null {
    return this.#cursor;
  }

  get revision(): number {
    return this.#revision;
  }

  /** In display order. */
  get friends(): readonly Friend[] {
    return this.#friends;
  }

  get requests(): ReadonlyMap<string, FriendRequest> {
    return this.#requests;
  }

  find(userId: string): Friend | undefined {
    return this.#byId.get(userId);
  }

  save(): SavedFriendList | undefined {
    if (this.#cursor === null) return undefined;
    return {
      cursor: this.#cursor,
      revision: this.#revision,
      friends: this.#friends,
      requests: [...this.#requests.values()],
    };
  }

  /** Forgets the pages of a snapshot that was cut off. */
  interrupted(): void {
    this.#pages = null;
  }

  /** Whether anything is different now. Throws Hole. */
  apply(change: FriendListChange): boolean {
    if (change.__typename === 'FriendListSnapshot') return this.#takePage(change);
    if (change.revision <= this.#revision) return false;
    if (change.revision !== this.#revision + 1) throw new Hole(this.#revision + 1, change.revision);
    switch (change.__typename) {
      case 'FriendAdded':
      case 'FriendChanged':
        this.#put(change.friend);
        break;
      case 'FriendRemoved':
        this.#remove(change.userId);
        break;
      case 'FriendRequestAdded':
        this.#requests.set(change.request.id, change.request);
        break;
      case 'FriendRequestClosed':
        this.#requests.delete(change.requestId);
        break;
      default: {
        const unhandled: never = change;
        return unhandled;
      }
    }
    this.#revision = change.revision;
    this.#cursor = change.cursor;
    return true;
  }

  #takePage(page: Extract<FriendListChange, { __typename: 'FriendListSnapshot' }>): boolean {
    if (this.#pages?.revision !== page.revision) {
      this.#pages = { friends: [], requests: [], revision: page.revision };
    }
    const pages = this.#pages;
    pages.friends.push(...page.friends);
    pages.requests.push(...page.requests);
    if (!page.complete) return false;
    this.#pages = null;
    this.#replace(pages.friends, pages.requests);
    this.#revision = page.revision;
    this.#cursor = page.cursor;
    return true;
  }

  #replace(friends: readonly Friend[], requests: readonly FriendRequest[]): void {
    this.#friends = [...friends].sort(compareFriends);
    this.#byId = new Map(friends.map((friend) => [friend.user.id, friend]));
    this.#requests = new Map(requests.map((request) => [request.id, request]));
  }

  #put(friend: Friend): void {
    this.#remove(friend.user.id);
    this.#byId.set(friend.user.id, friend);
    // A new array each time: readers of the old one may compare by identity.
    const place = placeOf(this.#friends, friend);
    this.#friends = [...this.#friends.slice(0, place), friend, ...this.#friends.slice(place)];
  }

  #remove(userId: string): void {
    const known = this.#byId.get(userId);
    if (!known) return;
    this.#byId.delete(userId);
    const place = placeOf(this.#friends, known);
    this.#friends = [...this.#friends.slice(0, place), ...this.#friends.slice(place + 1)];
  }
}

/** The first index whose friend does not come before this one. */
function placeOf(sorted: readonly Friend[], friend: Friend): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = sorted[middle];
    if (there && compareFriends(there, friend) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
