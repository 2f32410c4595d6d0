import { present } from '@kith/service-kit';

/** How many each of them has; the place is given back once. */
export interface PlacesPerKey {
  /** undefined when the key has all it may have. */
  take(key: string): { giveBack(): void } | undefined;
  readonly size: number;
}

/** A counting semaphore for each key: at most `atMost` at a time; a key that has none takes no memory. */
export function countPerKey(atMost: number): PlacesPerKey {
  const taken = new Map<string, number>();
  return {
    take(key) {
      const count = taken.get(key) ?? 0;
      if (count >= atMost) return undefined;
      taken.set(key, count + 1);
      let held = true;
      return {
        giveBack() {
          if (!held) return;
          held = false;
          const left = present(taken.get(key), 'a place that is given back was taken') - 1;
          if (left === 0) taken.delete(key);
          else taken.set(key, left);
        },
      };
    },
    get size() {
      return taken.size;
    },
  };
}
