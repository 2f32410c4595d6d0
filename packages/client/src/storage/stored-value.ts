import type { KeyValueStore } from './key-value-store.ts';

/** One value of the store, which anything may have spoiled since it was written: another release, a full disk, a hand. */
export interface StoredValue<Value> {
  /** null: nothing is stored. undefined: what is stored cannot be had, so it says nothing about what should be. */
  read(): Promise<Value | null | undefined>;
  /** null removes. A store that refuses keeps nothing, and breaks nothing. */
  write(value: Value | null): Promise<void>;
}

/**
 * Tolerant reader (Fowler, 2011): unreadable is missing, is replaced, and says so once. Never throws or rejects,
 * whatever the store does.
 */
export function createStoredValue<Value>(options: {
  store: KeyValueStore;
  key: string;
  /** The value, if the JSON is one of the layout that is written today. */
  readAs: (json: unknown) => Value | undefined;
  /** What is put in the place of something unreadable. */
  replacement: () => Value | null;
}): StoredValue<Value> {
  const { store, key, readAs, replacement } = options;
  let isTold = false;
  let isUnsaved = false;

  async function write(value: Value | null): Promise<void> {
    try {
      if (value === null) await store.remove(key);
      else await store.set(key, JSON.stringify(value));
      isUnsaved = false;
    } catch {
      isUnsaved = true;
      tellOfFailing(store);
    }
  }

  async function read(): Promise<Value | null | undefined> {
    // What is stored is older than what is known here.
    if (isUnsaved) return undefined;
    let text: unknown;
    try {
      text = await store.get(key);
    } catch {
      tellOfFailing(store);
      return undefined;
    }
    if (text === null || text === undefined || text === '') return null;
    const value = typeof text === 'string' ? readAs(parsed(text)) : undefined;
    if (value !== undefined) return value;
    // Never the value itself: it may be a session.
    if (!isTold)
      console.warn(`@kith/client: ${key} in the store is unreadable. It counts as missing, and is replaced.`);
    isTold = true;
    await write(replacement());
    return undefined;
  }

  return { read, write };
}

const failing = new WeakSet<KeyValueStore>();

function tellOfFailing(store: KeyValueStore): void {
  if (failing.has(store)) return;
  failing.add(store);
  console.warn(
    '@kith/client: the store fails. What is in it counts as missing, and what is new is kept in memory alone.',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
