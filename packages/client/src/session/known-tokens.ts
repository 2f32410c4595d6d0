import type { KeyValueStore } from '../storage/key-value-store.ts';
import { readTokens, type Tokens } from '../storage/read-stored-layout.ts';
import { createStoredValue } from '../storage/stored-value.ts';
import { createListeners, type Unsubscribe } from './listeners.ts';

/** The name of what is stored, and of the lock that tabs take turns by. */
export const STORED_SESSION = 'kith.session';

export interface SignedIn {
  readonly user: Tokens['user'];
}

/** The tokens as they are known here, and as they are stored for the next visit and for other tabs. */
export interface KnownTokens {
  /** Known now: null when nobody is signed in, undefined until the store has been read. */
  latest(): Tokens | null | undefined;
  /** The same, once the store has been read. */
  current(): Promise<Tokens | null>;
  /** What the store says; what is known here where it says nothing that can be read. */
  read(): Promise<Tokens | null>;
  /** Known from now on, and shown if somebody else is in by it; not stored. */
  show(next: Tokens | null): void;
  /** Shown, and stored. */
  keep(next: Tokens | null): Promise<void>;
  /** The server does not take it: it counts as run out. */
  expire(accessToken: string): void;
  getSnapshot(): SignedIn | null | undefined;
  subscribe(listener: () => void): Unsubscribe;
}

export function createKnownTokens(store: KeyValueStore): KnownTokens {
  const listeners = createListeners();
  let tokens: Tokens | null | undefined;
  let snapshot: SignedIn | null | undefined;
  let reading: Promise<void> | undefined;
  const stored = createStoredValue({
    ...{ store, key: STORED_SESSION, readAs: readTokens },
    replacement: () => tokens ?? null,
  });

  function show(next: Tokens | null): void {
    tokens = next;
    const before = snapshot;
    snapshot = next && (before && sameUser(before.user, next.user) ? before : { user: next.user });
    if (snapshot !== before) listeners.notify();
  }

  async function read(): Promise<Tokens | null> {
    const found = await stored.read();
    return found === undefined ? (tokens ?? null) : found;
  }

  return {
    latest: () => tokens,
    async current() {
      // A session that began while the store was being read is newer than what it held.
      reading ??= read().then((found) => {
        if (tokens === undefined) show(found);
      });
      await reading;
      return tokens ?? null;
    },
    read,
    show,
    async keep(next) {
      show(next);
      await stored.write(next);
    },
    expire(accessToken) {
      if (tokens?.accessToken === accessToken) tokens = { ...tokens, expiresAt: new Date(0).toISOString() };
    },
    getSnapshot: () => snapshot,
    subscribe: listeners.subscribe,
  };
}

function sameUser(a: SignedIn['user'], b: SignedIn['user']): boolean {
  return a.id === b.id && a.username === b.username && a.nickname === b.nickname && a.avatarUrl === b.avatarUrl;
}
