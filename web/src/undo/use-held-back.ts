import { useSyncExternalStore } from 'react';
import type { HeldBack } from '../connection/held-back.ts';
import { heldBackStore } from '../connection/held-back-store.ts';

/** What was done about this person and is not sent yet: the latest of it. */
export function useHeldBack(userId: string): HeldBack | undefined {
  return useSyncExternalStore(heldBackStore.subscribe, () =>
    heldBackStore.getSnapshot().findLast(({ person }) => person.id === userId),
  );
}
