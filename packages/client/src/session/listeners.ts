export type Unsubscribe = () => void;

/** Who wants to know that something changed; what changed is read from a snapshot. */
export function createListeners(): { subscribe(listener: () => void): Unsubscribe; notify(): void } {
  const listeners = new Set<() => void>();
  return {
    subscribe(listener) {
      // The same function may be given twice: each has its own entry and its own undoing.
      const entry = () => listener();
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    notify() {
      for (const listener of [...listeners]) listener();
    },
  };
}
