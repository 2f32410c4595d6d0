import type { FriendData } from '@kith/event-contracts';
import type { ListedRequest, ListState, ViewChange } from '../entries/list-state.ts';

/**
 * Stands for Postgres in the view's tests: the lists, their revisions, and a gate in front of each load. A load reads
 * its snapshot when it is called, as a transaction would, and hands it over when the gate lets it.
 */
export class ListsInMemory {
  loads = 0;
  comparisons = 0;
  /** Awaited between reading a snapshot and handing it over. */
  gate: () => Promise<void> = async () => {};
  readonly #lists = new Map<string, ListState>();

  readonly load = async (ownerId: string): Promise<ListState> => {
    this.loads++;
    const state = this.of(ownerId);
    await this.gate();
    return state;
  };

  readonly loadRevisions = async (ownerIds: readonly string[]): Promise<ReadonlyMap<string, number>> => {
    this.comparisons++;
    return new Map(ownerIds.map((ownerId) => [ownerId, this.of(ownerId).revision]));
  };

  of(ownerId: string): ListState {
    return this.#lists.get(ownerId) ?? { revision: 0, friends: [], requests: [] };
  }

  put(ownerId: string, state: ListState): void {
    this.#lists.set(ownerId, state);
  }

  /** Commits one change and answers its revision. */
  change(ownerId: string, change: ViewChange): number {
    const before = this.of(ownerId);
    const after = { ...changed(before, change), revision: before.revision + 1 };
    this.put(ownerId, after);
    return after.revision;
  }
}

function changed(state: ListState, change: ViewChange): ListState {
  const { friends, requests } = state;
  switch (change.kind) {
    case 'put-friend':
      return { ...state, friends: [...without(friends, 'userId', change.friend.userId), change.friend] };
    case 'put-friends': {
      const ids = new Set(change.friends.map(({ userId }) => userId));
      return { ...state, friends: [...friends.filter(({ userId }) => !ids.has(userId)), ...change.friends] };
    }
    case 'remove-friend':
      return { ...state, friends: without(friends, 'userId', change.userId) };
    case 'put-request':
      return { ...state, requests: [...without(requests, 'id', change.request.id), change.request] };
    case 'remove-request':
      return { ...state, requests: without(requests, 'id', change.requestId) };
    default: {
      const unhandled: never = change;
      return unhandled;
    }
  }
}

function without<T, K extends keyof T>(items: readonly T[], key: K, value: T[K]): T[] {
  return items.filter((item) => item[key] !== value);
}

export function aFriend(number: number, details: Partial<FriendData> = {}): FriendData {
  return {
    userId: idOf(number),
    nickname: `Friend ${number}`,
    avatarUrl: null,
    remark: null,
    pinned: false,
    tags: [],
    since: new Date(Date.UTC(2026, 0, 1) + number * 1_000).toISOString(),
    ...details,
  };
}

export function aRequest(number: number, details: Partial<ListedRequest> = {}): ListedRequest {
  const sentAt = new Date(Date.UTC(2026, 0, 1) + number * 1_000).toISOString();
  return { id: idOf(number), fromId: idOf(1), toId: idOf(2), message: null, sentAt, ...details };
}

export function aList(length: number, revision = length): ListState {
  return { revision, friends: Array.from({ length }, (_, number) => aFriend(number)), requests: [] };
}

export function idOf(number: number): string {
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** The list as anybody may compare it: in one order. */
export function inOrder(state: ListState): ListState {
  return {
    revision: state.revision,
    friends: state.friends.toSorted((a, b) => (a.userId < b.userId ? -1 : 1)),
    requests: state.requests.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}
