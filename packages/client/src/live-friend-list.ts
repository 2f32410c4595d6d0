import type { Friend, FriendEdit, FriendListChange, FriendRequest } from './api/list-change.ts';
import { UPDATE_FRIEND } from './api/operations.ts';
import { type Following, followSignedInUser } from './follow-signed-in-user.ts';
import { PendingEdits } from './list/pending-edits.ts';
import type { Operation } from './network/send-operation.ts';
import { createListeners, type Unsubscribe } from './session/listeners.ts';
import type { Session } from './session/session.ts';
import { keepFriendList } from './storage/keep-friend-list.ts';
import type { KeyValueStore } from './storage/key-value-store.ts';
import type { LiveState, WatchOptions } from './watch/watch-friend-list.ts';

export interface FriendListSnapshot {
  readonly state: LiveState;
  /** false until the first whole list is there, from the store or from the server. */
  readonly known: boolean;
  readonly revision: number;
  readonly cursor: string | null;
  /** In display order, with edits that are still on their way. */
  readonly friends: readonly Friend[];
  readonly requests: readonly FriendRequest[];
}

/** The signed-in user's friend list, kept up to date while anybody listens. */
export interface LiveFriendList {
  /** The same object until something changes: fits React's useSyncExternalStore. */
  getSnapshot(): FriendListSnapshot;
  /** Told at most once a turn of the event loop, however many changes came. */
  subscribe(listener: () => void): Unsubscribe;
  /** Every change as it was applied, for animations and logs. */
  onChange(listener: (change: FriendListChange) => void): Unsubscribe;
  /**
   * Shown at once, and until the change itself arrives; taken back when the server refuses. Throws KithApiError or
   * Unreachable.
   */
  update(userId: string, edit: FriendEdit): Promise<void>;
  /** Skips a running back-off: the network is back, or the page is looked at again. */
  retryNow(): void;
}

export function createLiveFriendList(options: {
  session: Session;
  send: <Data>(operation: Operation) => Promise<Data>;
  store: KeyValueStore;
  watch: Pick<WatchOptions, 'url' | 'webSocket' | 'random'>;
}): LiveFriendList & { stop(): void } {
  const { session, send, store, watch } = options;
  const listeners = createListeners();
  const changeListeners = new Set<(change: FriendListChange) => void>();
  const edits = new PendingEdits();
  let snapshot: FriendListSnapshot | undefined;

  function changed(): void {
    snapshot = undefined;
    listeners.notifySoon();
  }

  const following = followSignedInUser({
    ...{ session, watch, kept: keepFriendList(store), onMoved: changed },
    onChange(list, change) {
      edits.reached(list.revision);
      for (const listener of changeListeners) listener(change);
    },
  });

  return {
    getSnapshot() {
      snapshot ??= takeSnapshot(following, edits);
      return snapshot;
    },
    subscribe(listener) {
      const unsubscribe = listeners.subscribe(listener);
      const leave = following.join();
      return () => {
        unsubscribe();
        leave();
      };
    },
    onChange(listener) {
      changeListeners.add(listener);
      return () => void changeListeners.delete(listener);
    },
    async update(userId, edit) {
      const pending = edits.add(userId, edit);
      changed();
      try {
        const input = { userId, ...edit };
        const { updateFriend } = await send<{ updateFriend: { listRevision: number } }>({
          query: UPDATE_FRIEND,
          variables: { input },
        });
        pending.confirm(updateFriend.listRevision);
        // The change may have come before the reply did.
        edits.reached(following.list()?.revision ?? updateFriend.listRevision);
      } catch (error) {
        pending.drop();
        throw error;
      } finally {
        changed();
      }
    },
    retryNow: following.retryNow,
    stop: following.stop,
  };
}

function takeSnapshot(following: Following, edits: PendingEdits): FriendListSnapshot {
  const list = following.list();
  return {
    state: following.state(),
    known: list?.cursor != null,
    revision: list?.revision ?? 0,
    cursor: list?.cursor ?? null,
    friends: list ? edits.over(list) : [],
    requests: list ? [...list.requests.values()] : [],
  };
}
