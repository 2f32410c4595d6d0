export type Unsubscribe = () => void;

export interface Listeners {
  subscribe(listener: () => void): Unsubscribe;
  notify(): void;
  /** Coalesced: in a later turn of the event loop, once for all calls until then. */
  notifySoon(): void;
}

/** Who wants to know that something changed; what changed is read from a snapshot. */
export function createListeners(): Listeners {
  const listeners = new Set<() => void>();
  let isSoon = false;
  const notify = () => {
    for (const listener of [...listeners]) listener();
  };
  return {
    subscribe(listener) {
      // The same function may be given twice: each has its own entry and its own undoing.
      const entry = () => listener();
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    notify,
    notifySoon() {
      if (isSoon) return;
      isSoon = true;
      setTimeout(() => {
        isSoon = false;
        notify();
      });
    },
  };
}
