import type { FriendListSnapshot, LiveState } from '@kith/client';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { withoutHeldBack } from './held-back.ts';
import { heldBackStore } from './held-back-store.ts';
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
  // What a person does is drawn at once.
  const leaveHeldBack = heldBackStore.subscribe(listener);
  return () => {
    clearTimeout(timer);
    leaveHeldBack();
    unsubscribe();
  };
}

let shown: { list: FriendListSnapshot; held: unknown; result: FriendListSnapshot } | undefined;

/** The same object until something changes. */
function getShown(): FriendListSnapshot {
  const list = kith.friends.getSnapshot();
  const held = heldBackStore.getSnapshot();
  if (shown?.list !== list || shown.held !== held) shown = { list, held, result: withoutHeldBack(list, held) };
  return shown.result;
}

/** The signed-in person's list, live, with edits that are still on their way, and without what is held back. */
export function useLiveList(): FriendListSnapshot {
  return useSyncExternalStore(subscribe, getShown);
}

/** Part of the list: the component is drawn again only when that part is another one. */
export function useLive<Part>(select: (list: FriendListSnapshot) => Part): Part {
  return useSyncExternalStore(subscribe, () => select(getShown()));
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
