import type { FriendListSnapshot, LiveState } from '@kith/client';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { kith } from './kith.ts';

const DRAW_AT_MOST_EVERY_MS = 32;

/** A burst of changes is drawn a few dozen times a second and not once for each of them. */
function subscribe(listener: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drawnAt = 0;
  const unsubscribe = kith.friends.subscribe(() => {
    if (timer !== undefined) return;
    const waitMs = Math.max(0, drawnAt + DRAW_AT_MOST_EVERY_MS - performance.now());
    timer = setTimeout(() => {
      timer = undefined;
      listener();
      drawnAt = performance.now();
    }, waitMs);
  });
  return () => {
    clearTimeout(timer);
    unsubscribe();
  };
}

/** The signed-in person's list, live, with edits that are still on their way. */
export function useLiveList(): FriendListSnapshot {
  return useSyncExternalStore(subscribe, kith.friends.getSnapshot);
}

/** Part of the list: the component is drawn again only when that part is another one. */
export function useLive<Part>(select: (list: FriendListSnapshot) => Part): Part {
  return useSyncExternalStore(subscribe, () => select(kith.friends.getSnapshot()));
}

const SAY_OFFLINE_AFTER_MS = 600;

/** The connection's state as a person should see it: a line that is back within a moment was never away. */
export function useLiveState(): LiveState {
  const state = useLive((list) => list.state);
  const [shown, setShown] = useState<LiveState>('catching up');
  useEffect(() => {
    const delayMs = state === 'offline' && navigator.onLine ? SAY_OFFLINE_AFTER_MS : 0;
    const timer = setTimeout(() => setShown(state), delayMs);
    return () => clearTimeout(timer);
  }, [state]);
  return shown;
}
