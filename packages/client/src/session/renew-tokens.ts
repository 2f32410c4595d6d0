import { KithApiError } from '../network/send-operation.ts';
import type { Tokens } from '../storage/read-stored-layout.ts';
import { askForTokens, type SendAs } from './ask-for-tokens.ts';
import { type KnownTokens, STORED_SESSION } from './known-tokens.ts';

const REFRESH_BEFORE_EXPIRY_MS = 10_000;
const ENDED = new Set(['SESSION_ENDED', 'UNAUTHENTICATED', 'BAD_USER_INPUT']);

/**
 * Single-flight: however many ask for an access token, one refresh is under way. What comes back answers a token that is
 * good for at least 10 s more, or null when nobody is signed in; it throws KithApiError or Unreachable.
 */
export function renewTokens(known: KnownTokens, send: SendAs, now: () => number): () => Promise<string | null> {
  let refreshing: Promise<string | null> | undefined;
  const isGood = ({ expiresAt }: Tokens) => Date.parse(expiresAt) - now() > REFRESH_BEFORE_EXPIRY_MS;

  // A refresh token works once, and two tabs share it: one at a time, and who comes second finds the new one stored. Where
  // tabs cannot take turns, the server answers both alike.
  async function refresh(): Promise<string | null> {
    const stored = await known.read();
    const isRenewed = stored && stored.refreshToken !== known.latest()?.refreshToken && isGood(stored);
    const next = stored && !isRenewed ? await renewed(stored, send) : stored;
    await known.keep(next);
    return next?.accessToken ?? null;
  }

  return async () => {
    const tokens = await known.current();
    if (!tokens) return null;
    if (isGood(tokens)) return tokens.accessToken;
    refreshing ??= oneTabAtATime(refresh).finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  };
}

/** What the server gives for them; null when their session has ended. */
async function renewed({ refreshToken, user }: Tokens, send: SendAs): Promise<Tokens | null> {
  try {
    const tokens = await askTwice(refreshToken, send);
    return { ...tokens, user: { ...user, ...tokens.user } };
  } catch (error) {
    if (error instanceof KithApiError && ENDED.has(error.code)) return null;
    throw error;
  }
}

/** The server may have answered, and the answer been lost. It takes a repeat for one only for a short time. */
async function askTwice(refreshToken: string, send: SendAs): Promise<Tokens> {
  const ask = () => askForTokens(send, 'refreshSession', { refreshToken });
  return ask().catch((error: unknown) => {
    if (error instanceof KithApiError && error.code !== 'SERVICE_UNAVAILABLE') throw error;
    return ask();
  });
}

/** https://developer.mozilla.org/docs/Web/API/Web_Locks_API where there is one; elsewhere there are no tabs either. */
function oneTabAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
  const locks = (
    globalThis.navigator as
      | { locks?: { request(name: string, work: () => Promise<Result>): Promise<Result> } }
      | undefined
  )?.locks;
  return locks ? locks.request(STORED_SESSION, work) : work();
}
