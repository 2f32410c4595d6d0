import type { Person } from '../api/list-change.ts';
import { CHANGE_PASSWORD, REFRESH_SESSION, SIGN_IN, SIGN_OUT, SIGN_UP } from '../api/operations.ts';
import { KithApiError, type Operation } from '../network/send-operation.ts';
import type { KeyValueStore } from '../storage/key-value-store.ts';
import { readTokens, type Tokens } from '../storage/read-stored-layout.ts';
import { createStoredValue } from '../storage/stored-value.ts';
import { createListeners, type Unsubscribe } from './listeners.ts';

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
  const storedTokens = createStoredValue({ store, key: STORED, readAs: readTokens, replacement: () => tokens ?? null });

  function show(next: Tokens | null): void {
    tokens = next;
    const before = snapshot;
    snapshot = next && (before && sameUser(before.user, next.user) ? before : { user: next.user });
    if (snapshot !== before) listeners.notify();
  }

  async function keep(next: Tokens | null): Promise<void> {
    show(next);
    await storedTokens.write(next);
  }

  /** What the store says; what is known here where it says nothing that can be read. */
  async function read(): Promise<Tokens | null> {
    const stored = await storedTokens.read();
    return stored === undefined ? (tokens ?? null) : stored;
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
        const refreshed = await askTwice(stored.refreshToken);
        await keep({ ...refreshed, user: { ...stored.user, ...refreshed.user } });
        return refreshed.accessToken;
      } catch (error) {
        const ended = error instanceof KithApiError && ENDED.has(error.code);
        if (!ended) throw error;
        await keep(null);
        return null;
      }
    });
  }

  // The server may have answered, and the answer been lost. It takes a repeat for one only for a short time.
  async function askTwice(refreshToken: string) {
    const ask = () => issued('refreshSession', REFRESH_SESSION, { refreshToken }, null);
    return ask().catch((error: unknown) => {
      if (error instanceof KithApiError && error.code !== 'SERVICE_UNAVAILABLE') throw error;
      return ask();
    });
  }

  async function begin(field: 'signUp' | 'signIn', input: object): Promise<SignedIn> {
    const query = field === 'signUp' ? SIGN_UP : SIGN_IN;
    const signedIn = await issued(field, query, input, null);
    await keep(signedIn);
    return snapshot ?? { user: signedIn.user };
  }

  /** A session that was opened is kept, though something else of its answer is missing: its tokens are told once. */
  async function issued(field: string, query: string, input: object, accessToken: string | null): Promise<Tokens> {
    try {
      const answer = await send<Record<string, Tokens>>({ query, variables: { input } }, accessToken);
      return answer[field] as Tokens;
    } catch (error) {
      const told = error instanceof KithApiError ? error.completed[field] : undefined;
      if (isSession(told)) return told;
      throw error;
    }
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
      const before = await accessToken();
      const changed = await issued('changePassword', CHANGE_PASSWORD, input, before);
      await keep({ ...changed, user: { ...tokens?.user, ...changed.user } });
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

function isSession(told: unknown): told is Tokens {
  const { accessToken, expiresAt, refreshToken, user } = (told ?? {}) as Partial<Record<keyof Tokens, unknown>>;
  const isText = (value: unknown) => typeof value === 'string';
  return isText(accessToken) && isText(expiresAt) && isText(refreshToken) && typeof user === 'object' && user !== null;
}

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
