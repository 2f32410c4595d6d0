import type { FriendList, SavedFriendList } from '../list/friend-list.ts';
import type { KeyValueStore } from './key-value-store.ts';
import { readFriendList } from './read-stored-layout.ts';
import { createStoredValue } from './stored-value.ts';

const STORED = 'kith.friend-list';
const SAVE_AT_MOST_EVERY_MS = 1_000;

/** One friend list between visits, with whose it is. Never throws or rejects, whatever the store does. */
export interface KeptFriendList {
  /** undefined when what is kept is somebody else's, or nothing. */
  read(userId: string): Promise<SavedFriendList | undefined>;
  /** Throttled: many changes are written once, as the list is by then. */
  saveSoon(userId: string, list: FriendList): void;
  /** What was to be saved soon is not. */
  cancel(): void;
  forget(): Promise<void>;
}

export function keepFriendList(store: KeyValueStore): KeptFriendList {
  const stored = createStoredValue({ store, key: STORED, readAs: readFriendList, replacement: () => null });
  let saving: ReturnType<typeof setTimeout> | undefined;
  return {
    async read(userId) {
      const saved = await stored.read();
      return saved?.userId === userId ? saved : undefined;
    },
    saveSoon(userId, list) {
      saving ??= setTimeout(() => {
        saving = undefined;
        const saved = list.save();
        if (saved) void stored.write({ userId, ...saved });
      }, SAVE_AT_MOST_EVERY_MS);
    },
    cancel() {
      clearTimeout(saving);
      saving = undefined;
    },
    forget: () => stored.write(null),
  };
}
