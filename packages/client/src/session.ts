import type { KeyValueStore } from './key-value-store.ts';
import type { Person } from './list-change.ts';
import { createListeners, type Unsubscribe } from './listeners.ts';
import { CHANGE_PASSWORD, REFRESH_SESSION, SIGN_IN, SIGN_OUT, SIGN_UP } from './operations.ts';
import { KithApiError, type Operation } from './send-operation.ts';

export interface SignedIn {
  readonly user: Person & { readonly username: string };
}

/** Who is signed in here, and a fresh access token whenever one is needed. */
export interface Session {
  signUp(input: { username: string; password: string; nickname: string; avatarUrl?: string }): Promise<SignedIn>;
  signIn(input: { username: string; password: string }): Promise<SignedIn>;
  /** Ends the session on the server too; here it ends even when the server cannot be reached. */
  signOut(): Promise<void>;
  changePassword(input: { currentPassword: string; newPassword: string }): Promise<void>;
  /** A token that is good for at least 10 s more; null when nobody is signed in. Throws Unreachable. */
  accessToken(): Promise<string | null>;
  /** The server refused the token: the next accessToken() brings another, or ends the session. */
  tokenRefused(token: string): void;
  /** Another tab has written to the store: who is signed in there is signed in here. */
  reread(): Promise<void>;
  /** null: signed out; undefined: not read from the store yet. */
  getSnapshot(): SignedIn | null | undefined;
  subscribe(listener: () => void): Unsubscribe;
}

interface Tokens {
  readonly accessToken: string;
  readonly expiresAt: string;
  readonly refreshToken: string;
  readonly user: SignedIn['user'];
}

const STORED = 'kith.session';
const REFRESH_BEFORE_EXPIRY_MS = 10_000;

export function createSession(options: {
  send: <Data>(operation: Operation, accessToken: string | null) => Promise<Data>;
  store: KeyValueStore;
  now: () => number;
}): Session {
  const { send, store, now } = options;
  const listeners = createListeners();
  let tokens: Tokens | null | undefined;
  let snapshot: SignedIn | null | undefined;
  let reading: Promise<void> | undefined;
  let refreshing: Promise<string | null> | undefined;

  function show(next: Tokens | null): void {
    tokens = next;
    const before = snapshot;
    snapshot = next && (before && sameUser(before.user, next.user) ? before : { user: next.user });
    if (snapshot !== before) listeners.notify();
  }

  async function keep(next: Tokens | null): Promise<void> {
    show(next);
    if (next) await store.set(STORED, JSON.stringify(next));
    else await store.remove(STORED);
  }

  async function read(): Promise<Tokens | null> {
    const text = await store.get(STORED);
    return text ? (JSON.parse(text) as Tokens) : null;
  }

  async function current(): Promise<Tokens | null> {
    // Whoever signed in while the store was being read is newer than what it held.
    reading ??= read().then((stored) => {
      if (tokens === undefined) show(stored);
    });
    await reading;
    return tokens ?? null;
  }

  function isGood({ expiresAt }: Tokens): boolean {
    return Date.parse(expiresAt) - now() > REFRESH_BEFORE_EXPIRY_MS;
  }

  // A refresh token works once, and two tabs share it: one at a time, and who comes second finds the new one stored. Where
  // tabs cannot take turns, the server answers both alike.
  function refresh(): Promise<string | null> {
    return oneTabAtATime(async () => {
      const stored = await read();
      if (!stored) {
        await keep(null);
        return null;
      }
      if (stored.refreshToken !== tokens?.refreshToken && isGood(stored)) {
        await keep(stored);
        return stored.accessToken;
      }
      try {
        const { refreshSession } = await askTwice(stored.refreshToken);
        await keep(refreshSession);
        return refreshSession.accessToken;
      } catch (error) {
        const ended = error instanceof KithApiError && ENDED.has(error.code);
        if (!ended) throw error;
        await keep(null);
        return null;
      }
    });
  }

  // The server may have answered, and the answer been lost. It takes a repeat for one only for a short time.
  async function askTwice(refreshToken: string): Promise<{ refreshSession: Tokens }> {
    const ask = () =>
      send<{ refreshSession: Tokens }>({ query: REFRESH_SESSION, variables: { input: { refreshToken } } }, null);
    return ask().catch((error: unknown) => {
      if (error instanceof KithApiError && error.code !== 'SERVICE_UNAVAILABLE') throw error;
      return ask();
    });
  }

  async function begin(field: 'signUp' | 'signIn', input: object): Promise<SignedIn> {
    const query = field === 'signUp' ? SIGN_UP : SIGN_IN;
    const data = await send<Record<typeof field, Tokens>>({ query, variables: { input } }, null);
    await keep(data[field]);
    return snapshot!;
  }

  async function accessToken(): Promise<string | null> {
    const known = await current();
    if (!known) return null;
    if (isGood(known)) return known.accessToken;
    refreshing ??= refresh().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  void current();
  return {
    signUp: (input) => begin('signUp', input),
    signIn: (input) => begin('signIn', input),
    async signOut() {
      const ending = await current();
      await keep(null);
      if (!ending) return;
      const variables = { input: { refreshToken: ending.refreshToken } };
      await send({ query: SIGN_OUT, variables }, ending.accessToken).catch(() => undefined);
    },
    async changePassword(input) {
      const { changePassword } = await send<{ changePassword: Tokens }>(
        { query: CHANGE_PASSWORD, variables: { input } },
        await accessToken(),
      );
      await keep(changePassword);
    },
    accessToken,
    tokenRefused(token) {
      if (tokens?.accessToken === token) tokens = { ...tokens, expiresAt: new Date(0).toISOString() };
    },
    async reread() {
      const stored = await read();
      if (stored?.refreshToken !== tokens?.refreshToken) show(stored);
    },
    getSnapshot: () => snapshot,
    subscribe: listeners.subscribe,
  };
}

const ENDED = new Set(['SESSION_ENDED', 'UNAUTHENTICATED', 'BAD_USER_INPUT']);

function sameUser(a: SignedIn['user'], b: SignedIn['user']): boolean {
  return a.id === b.id && a.username === b.username && a.nickname === b.nickname && a.avatarUrl === b.avatarUrl;
}

/** https://developer.mozilla.org/docs/Web/API/Web_Locks_API where there is one; elsewhere there are no tabs either. */
function oneTabAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
  const locks = (
    globalThis.navigator as
      | { locks?: { request(name: string, work: () => Promise<Result>): Promise<Result> } }
      | undefined
  )?.locks;
  return locks ? locks.request(STORED, work) : work();
}
