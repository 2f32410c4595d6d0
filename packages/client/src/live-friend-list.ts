import type { Friend, FriendEdit, FriendListChange, FriendRequest } from './api/list-change.ts';
import { UPDATE_FRIEND } from './api/operations.ts';
import type { SavedFriendList } from './list/friend-list.ts';
import { PendingEdits } from './list/pending-edits.ts';
import type { Operation } from './network/send-operation.ts';
import { createListeners, type Unsubscribe } from './session/listeners.ts';
import type { Session } from './session/session.ts';
import type { KeyValueStore } from './storage/key-value-store.ts';
import { readFriendList } from './storage/read-stored-layout.ts';
import { createStoredValue } from './storage/stored-value.ts';
import { type LiveState, type Watching, type WatchOptions, watchFriendList } from './watch/watch-friend-list.ts';

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

const STORED = 'kith.friend-list';
const SAVE_AT_MOST_EVERY_MS = 1_000;

export function createLiveFriendList(options: {
  session: Session;
  send: <Data>(operation: Operation) => Promise<Data>;
  store: KeyValueStore;
  watch: Pick<WatchOptions, 'url' | 'webSocket' | 'random'>;
}): LiveFriendList & { stop(): void } {
  const { session, store } = options;
  const storedList = createStoredValue({ store, key: STORED, readAs: readFriendList, replacement: () => null });
  const listeners = createListeners();
  const changeListeners = new Set<(change: FriendListChange) => void>();
  const edits = new PendingEdits();
  let state: LiveState = 'offline';
  let watching: Watching | undefined;
  let watchedUserId: string | undefined;
  let interested = 0;
  let snapshot: FriendListSnapshot | undefined;
  let telling = false;
  let saving: ReturnType<typeof setTimeout> | undefined;

  function changed(): void {
    snapshot = undefined;
    if (telling) return;
    telling = true;
    setTimeout(() => {
      telling = false;
      listeners.notify();
    });
  }

  function takeSnapshot(): FriendListSnapshot {
    const list = watching?.list;
    return {
      state,
      known: list?.cursor != null,
      revision: list?.revision ?? 0,
      cursor: list?.cursor ?? null,
      friends: list ? edits.over(list) : [],
      requests: list ? [...list.requests.values()] : [],
    };
  }

  function saveSoon(): void {
    saving ??= setTimeout(() => {
      saving = undefined;
      const saved = watching?.list.save();
      if (saved && watchedUserId !== undefined) void storedList.write({ userId: watchedUserId, ...saved });
    }, SAVE_AT_MOST_EVERY_MS);
  }

  async function readSaved(userId: string): Promise<SavedFriendList | undefined> {
    const saved = await storedList.read();
    return saved?.userId === userId ? saved : undefined;
  }

  function stop(): void {
    watching?.stop();
    watching = undefined;
    watchedUserId = undefined;
    clearTimeout(saving);
    saving = undefined;
    state = 'offline';
    changed();
  }

  /** Watches the list of whoever is signed in now, while anybody is interested. */
  async function follow(): Promise<void> {
    const userId = session.getSnapshot()?.user.id;
    const wanted = interested > 0 ? userId : undefined;
    if (wanted === watchedUserId) return;
    if (watchedUserId !== undefined) stop();
    if (userId === undefined && session.getSnapshot() === null) await storedList.write(null);
    if (wanted === undefined) return;
    watchedUserId = wanted;
    const saved = await readSaved(wanted);
    // Signed out, or somebody else in, while the store was read.
    if (watchedUserId !== wanted || watching) return;
    watching = watchFriendList({
      ...options.watch,
      session,
      saved,
      onState: (next) => {
        if (state === next) return;
        state = next;
        changed();
      },
      onChange: (list, change) => {
        edits.reached(list.revision);
        for (const listener of changeListeners) listener(change);
        saveSoon();
        changed();
      },
    });
    changed();
  }

  const unfollow = session.subscribe(() => void follow());
  return {
    getSnapshot() {
      snapshot ??= takeSnapshot();
      return snapshot;
    },
    subscribe(listener) {
      const unsubscribe = listeners.subscribe(listener);
      interested += 1;
      void follow();
      let left = false;
      return () => {
        if (left) return;
        left = true;
        unsubscribe();
        interested -= 1;
        void follow();
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
        const { updateFriend } = await options.send<{ updateFriend: { listRevision: number } }>({
          query: UPDATE_FRIEND,
          variables: { input },
        });
        pending.confirm(updateFriend.listRevision);
        // The change may have come before the reply did.
        edits.reached(watching?.list.revision ?? updateFriend.listRevision);
      } catch (error) {
        pending.drop();
        throw error;
      } finally {
        changed();
      }
    },
    retryNow: () => watching?.retryNow(),
    stop() {
      unfollow();
      stop();
    },
  };
}
