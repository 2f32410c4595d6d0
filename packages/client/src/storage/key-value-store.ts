/** Where session and list are kept between visits: localStorage, IndexedDB, a file, … Synchronous or not. */
export interface KeyValueStore {
  get(key: string): Promise<string | null> | string | null;
  set(key: string, value: string): Promise<void> | void;
  remove(key: string): Promise<void> | void;
}

/** Forgets everything with the page or process. */
export function memoryStore(): KeyValueStore {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

/**
 * The browser's localStorage (or sessionStorage). A full or forbidden storage keeps nothing, and breaks nothing: what it
 * refused is remembered as long as the page is.
 */
export function webStorage(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): KeyValueStore {
  const refused = new Map<string, string>();
  const remove = (key: string) => {
    refused.delete(key);
    try {
      storage.removeItem(key);
    } catch {
      // Forbidden: then nothing is kept there either.
    }
  };
  return {
    get: (key) => refused.get(key) ?? storage.getItem(key),
    set(key, value) {
      refused.delete(key);
      try {
        storage.setItem(key, value);
      } catch {
        remove(key);
        refused.set(key, value);
      }
    },
    remove,
  };
}
