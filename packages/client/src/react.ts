import { useSyncExternalStore } from 'react';
import type { KithClient } from './kith-client.ts';
import type { FriendListSnapshot } from './live-friend-list.ts';
import type { SignedIn } from './session/known-tokens.ts';

/** On a server, and while its page wakes up in the browser (hydration): both draw the same. */
const NOTHING_KNOWN_YET: FriendListSnapshot = {
  ...{ state: 'offline', known: false, revision: 0, cursor: null },
  ...{ friends: [], requests: [] },
};

/** The signed-in user's friend list; the component is drawn again when it changes, and the list is live meanwhile. */
export function useFriendList(client: KithClient): FriendListSnapshot {
  const { subscribe, getSnapshot } = client.friends;
  return useSyncExternalStore(subscribe, getSnapshot, () => NOTHING_KNOWN_YET);
}

/** Who is signed in: null when nobody is, undefined until the store has been read. */
export function useSession(client: KithClient): SignedIn | null | undefined {
  const { subscribe, getSnapshot } = client.session;
  return useSyncExternalStore(subscribe, getSnapshot, () => undefined);
}
