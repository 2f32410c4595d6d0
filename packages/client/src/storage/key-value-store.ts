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

/** What localStorage and sessionStorage have: https://html.spec.whatwg.org/multipage/webstorage.html */
export interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * The browser's localStorage (or sessionStorage), or a function that gives it: `() => localStorage` is asked once. Where it
 * gives none, as on a server, or throws, as where cookies are forbidden, this is a memoryStore(). A full or forbidden
 * storage keeps nothing, and breaks nothing: what it refused is remembered as long as the page is.
 */
export function webStorage(of: WebStorage | (() => WebStorage | null | undefined)): KeyValueStore {
  const storage = typeof of === 'function' ? storageBy(of) : of;
  if (!storage) return memoryStore();
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

function storageBy(give: () => WebStorage | null | undefined): WebStorage | undefined {
  try {
    const given = give();
    // Node 25 has a localStorage without methods, unless it is told of a file.
    return typeof given?.getItem === 'function' ? given : undefined;
  } catch {
    return undefined;
  }
}
