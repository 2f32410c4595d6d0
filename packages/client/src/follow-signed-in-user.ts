import type { FriendListChange } from './api/list-change.ts';
import type { FriendList } from './list/friend-list.ts';
import type { Unsubscribe } from './session/listeners.ts';
import type { Session } from './session/session.ts';
import type { KeptFriendList } from './storage/keep-friend-list.ts';
import { type LiveState, type Watching, type WatchOptions, watchFriendList } from './watch/watch-friend-list.ts';

export interface FollowOptions {
  readonly session: Session;
  readonly kept: KeptFriendList;
  readonly watch: Pick<WatchOptions, 'url' | 'webSocket' | 'random'>;
  /** The list has changed, through this change; told before `onMoved`. */
  readonly onChange: (list: FriendList, change: FriendListChange) => void;
  /** State or list are others than before. */
  readonly onMoved: () => void;
}

export interface Following {
  state(): LiveState;
  /** Of whoever is watched; undefined while nobody is. */
  list(): FriendList | undefined;
  /** Somebody is interested, until they call what they are given. */
  join(): Unsubscribe;
  retryNow(): void;
  stop(): void;
}

/** Watches the list of whoever is signed in, while anybody is interested; begins from what was kept of it. */
export function followSignedInUser({ session, kept, watch, onChange, onMoved }: FollowOptions): Following {
  let state: LiveState = 'offline';
  let watching: Watching | undefined;
  let watchedUserId: string | undefined;
  let interested = 0;

  function leave(): void {
    watching?.stop();
    watching = undefined;
    watchedUserId = undefined;
    kept.cancel();
    state = 'offline';
    onMoved();
  }

  async function follow(): Promise<void> {
    const userId = session.getSnapshot()?.user.id;
    const wanted = interested > 0 ? userId : undefined;
    if (wanted === watchedUserId) return;
    if (watchedUserId !== undefined) leave();
    if (userId === undefined && session.getSnapshot() === null) await kept.forget();
    if (wanted === undefined) return;
    watchedUserId = wanted;
    const saved = await kept.read(wanted);
    // Signed out, or somebody else in, while the store was read.
    if (watchedUserId !== wanted || watching) return;
    watching = begin(wanted, saved);
    onMoved();
  }

  const begin = (userId: string, saved: WatchOptions['saved']) =>
    watchFriendList({
      ...watch,
      session,
      saved,
      onState(next) {
        if (state === next) return;
        state = next;
        onMoved();
      },
      onChange(list, change) {
        onChange(list, change);
        kept.saveSoon(userId, list);
        onMoved();
      },
    });

  const unfollow = session.subscribe(() => void follow());
  return {
    state: () => state,
    list: () => watching?.list,
    join() {
      interested += 1;
      void follow();
      let left = false;
      return () => {
        if (left) return;
        left = true;
        interested -= 1;
        void follow();
      };
    },
    retryNow: () => watching?.retryNow(),
    stop() {
      unfollow();
      leave();
    },
  };
}
