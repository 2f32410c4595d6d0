import { SIGN_OUT } from '../api/operations.ts';
import type { KeyValueStore } from '../storage/key-value-store.ts';
import { askForTokens, type SendAs } from './ask-for-tokens.ts';
import { createKnownTokens, type SignedIn } from './known-tokens.ts';
import type { Unsubscribe } from './listeners.ts';
import { renewTokens } from './renew-tokens.ts';

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

export function createSession(options: { send: SendAs; store: KeyValueStore; now: () => number }): Session {
  const { send, store, now } = options;
  const known = createKnownTokens(store);
  const accessToken = renewTokens(known, send, now);

  async function begin(field: 'signUp' | 'signIn', input: object): Promise<SignedIn> {
    const signedIn = await askForTokens(send, field, input);
    await known.keep(signedIn);
    return known.getSnapshot() ?? { user: signedIn.user };
  }

  void known.current();
  return {
    signUp: (input) => begin('signUp', input),
    signIn: (input) => begin('signIn', input),
    async signOut() {
      const ending = await known.current();
      await known.keep(null);
      if (!ending) return;
      const variables = { input: { refreshToken: ending.refreshToken } };
      await send({ query: SIGN_OUT, variables }, ending.accessToken).catch(() => undefined);
    },
    async changePassword(input) {
      const changed = await askForTokens(send, 'changePassword', input, await accessToken());
      await known.keep({ ...changed, user: { ...known.latest()?.user, ...changed.user } });
    },
    accessToken,
    tokenRefused: known.expire,
    async reread() {
      const stored = await known.read();
      if (stored?.refreshToken !== known.latest()?.refreshToken) known.show(stored);
    },
    getSnapshot: known.getSnapshot,
    subscribe: known.subscribe,
  };
}
