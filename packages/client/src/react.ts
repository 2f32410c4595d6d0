import { useSyncExternalStore } from 'react';
import type { KithClient } from './kith-client.ts';
import type { FriendListSnapshot } from './live-friend-list.ts';
import type { SignedIn } from './session/known-tokens.ts';

/** The signed-in user's friend list; the component is drawn again when it changes, and the list is live meanwhile. */
export function useFriendList(client: KithClient): FriendListSnapshot {
  const { subscribe, getSnapshot } = client.friends;
  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot);
}

/** Who is signed in: null when nobody is, undefined until the store has been read. */
export function useSession(client: KithClient): SignedIn | null | undefined {
  const { subscribe, getSnapshot } = client.session;
  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot);
}
