import type { FriendListChange } from '../api/list-change.ts';
import { FriendList, Hole, type SavedFriendList } from '../list/friend-list.ts';
import { openLine } from './line-to-gateway.ts';
import type { WatcherEvent } from './watcher-states.ts';

export interface FillOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly webSocket?: unknown;
  readonly saved?: SavedFriendList | undefined;
  /** The list has changed, through this change. */
  readonly onChange: (list: FriendList, change: FriendListChange) => void;
}

export interface FilledList {
  readonly list: FriendList;
  /** Subscribes from the list's cursor. One line at a time: the one before was closed. */
  open(token: string): void;
  close(): void;
}

/**
 * A list and the lines that fill it, one after the other: each begins where the list stands, and what comes over it is
 * applied. What that means for the watcher is told to `happen`.
 */
export function fillListOverLines(options: FillOptions, happen: (event: WatcherEvent) => void): FilledList {
  const { url, webSocket, onChange } = options;
  const list = new FriendList(options.saved);
  let line: { close(): void } | undefined;
  /** A change of this line has been applied. */
  let hasApplied = false;
  /** Whether cursor and revision are believed to belong together. */
  let isPlaceTrusted = true;

  function take(change: FriendListChange): void {
    try {
      if (list.apply(change)) {
        hasApplied = true;
        onChange(list, change);
      }
    } catch (error) {
      if (!(error instanceof Hole)) throw error;
      // Right behind the cursor it would be there again and again: cursor and revision belong to different lists.
      isPlaceTrusted = hasApplied;
      happen('hole');
      return;
    }
    happen(change.__typename !== 'FriendListSnapshot' || change.complete ? 'whole' : 'part');
  }

  return {
    list,
    open(token) {
      const after = isPlaceTrusted ? list.cursor : null;
      isPlaceTrusted = true;
      hasApplied = false;
      line = openLine(
        { url, webSocket, token, after },
        { connected: () => happen(after === null ? 'connected' : 'resumed'), change: take, ended: happen },
      );
    },
    close() {
      line?.close();
      line = undefined;
      list.interrupted();
    },
  };
}
