import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { forgetFirstBeyond } from '../concurrency/forget-first-beyond.ts';
import { KithError } from '../errors/kith-error.ts';
import { fetchFromReplicas } from '../http/fetch-from-replicas.ts';

/** Who is asking, as the access token says. */
export interface Viewer {
  readonly userId: string;
  readonly sessionId: string;
  readonly expiresAt: Date;
  /** The token itself, to pass on. */
  readonly token: string;
}

/** The issuer and audience of every access token. */
export const TOKEN_ISSUER = 'kith';
export const TOKEN_AUDIENCE = 'kith';
export const TOKEN_ALGORITHM = 'EdDSA';

/** Tolerated clock skew between two hosts. */
const CLOCK_TOLERANCE_S = 5;
/** How long a key removed from the set is still trusted; an unknown key is fetched when it is first met. */
const KEEP_KEYS_MS = 60_000;
/** A verified token is remembered until it expires: about 4 MB at most. */
const MAX_REMEMBERED_TOKENS = 10_000;

/** Where the user service publishes the keys that sign access tokens. */
const KEY_SET_PATH = '/.well-known/jwks.json';
const KEY_SET_WITHIN_MS = 3_000;

/** Reads `Authorization: Bearer …`. null without a header; KithError UNAUTHENTICATED with what is wrong with it. */
export type TokenVerifier = (authorization: string | undefined) => Promise<Viewer | null>;

/** A valid token of an ended session or a deleted user. */
export class TokenEnded extends KithError {
  /** Whose it was. */
  readonly viewer: Viewer;
  constructor(viewer: Viewer) {
    super('SESSION_ENDED', 'This session has ended: sign in again.');
    this.viewer = viewer;
  }
}

/** Revoked tokens that have not expired; `followEndedTokens` fits. */
interface EndedEarly {
  has(viewer: Viewer): boolean;
  /** Must be awaited before the first call of `has`; undefined from then on. */
  known(): Promise<void> | undefined;
}

/**
 * Verifies access tokens (EdDSA, `iss`, `aud`, `exp`, `sub`, `sid`) against the user service's key set, given as the
 * service's URLs (fetched on first use, kept a minute, fetched again for an unknown key at most every 30 s) or as an
 * object that holds the current keys. When the key set cannot be fetched the verifier throws KithError
 * SERVICE_UNAVAILABLE; for a token that has `ended`, TokenEnded.
 */
export function createTokenVerifier(
  source: { issuerUrls: readonly string[] } | { jwks: JSONWebKeySet | (() => JSONWebKeySet) },
  ended?: EndedEarly,
): TokenVerifier {
  const keyFor = 'issuerUrls' in source ? keysFetchedFrom(source.issuerUrls) : keysHeldHere(source.jwks);
  const remembered = new Map<string, Viewer>();

  async function viewerOf(token: string): Promise<Viewer> {
    const known = remembered.get(token);
    if (known && known.expiresAt.getTime() > Date.now()) return known;
    const viewer = await verify(token, keyFor);
    remember(remembered, viewer);
    return viewer;
  }

  return async (authorization) => {
    if (authorization === undefined) return null;
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw unauthenticated('The authorization header must read "Bearer <access token>".');
    const viewer = await viewerOf(token);
    await ended?.known();
    if (ended?.has(viewer)) throw new TokenEnded(viewer);
    return viewer;
  };
}

function keysHeldHere(jwks: JSONWebKeySet | (() => JSONWebKeySet)): JWTVerifyGetKey {
  if (typeof jwks !== 'function') return createLocalJWKSet(jwks);
  let prepared: { set: JSONWebKeySet; keyFor: JWTVerifyGetKey } | undefined;
  return (header, token) => {
    const set = jwks();
    if (prepared?.set !== set) prepared = { set, keyFor: createLocalJWKSet(set) };
    return prepared.keyFor(header, token);
  };
}

function keysFetchedFrom(urls: readonly string[]): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(`${urls[0]}${KEY_SET_PATH}`), {
    timeoutDuration: KEY_SET_WITHIN_MS,
    cacheMaxAge: KEEP_KEYS_MS,
    [customFetch]: (_url, { method, headers }) =>
      fetchFromReplicas(urls, KEY_SET_PATH, { method, headers, withinMs: KEY_SET_WITHIN_MS }),
  });
}

async function verify(token: string, keyFor: JWTVerifyGetKey): Promise<Viewer> {
  try {
    const { payload } = await jwtVerify(token, keyFor, {
      algorithms: [TOKEN_ALGORITHM],
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      // jose accepts a token without `exp` unless the claim is required.
      requiredClaims: ['exp', 'sub', 'sid', 'iat'],
      clockTolerance: CLOCK_TOLERANCE_S,
    });
    if (typeof payload.sub !== 'string' || typeof payload.sid !== 'string') {
      throw unauthenticated('The access token is not one of ours: sign in.');
    }
    return { userId: payload.sub, sessionId: payload.sid, expiresAt: new Date(Number(payload.exp) * 1000), token };
  } catch (error) {
    throw meaningOf(error);
  }
}

function meaningOf(error: unknown): unknown {
  if (error instanceof KithError) return error;
  if (error instanceof errors.JWTExpired) return unauthenticated('The access token has expired: refresh the session.');
  // A key set that could not be fetched (JWKSTimeout, a failed fetch) says nothing about the token.
  const aboutTheToken =
    error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && error.code !== 'ERR_JOSE_GENERIC';
  if (aboutTheToken) return unauthenticated('The access token is not one of ours: sign in.');
  return tokensCannotBeChecked(error);
}

/** For when something needed to check a token is temporarily unavailable. */
export function tokensCannotBeChecked(cause: unknown): KithError {
  const message = 'Tokens cannot be checked now: try again.';
  return new KithError('SERVICE_UNAVAILABLE', message, { retryAfterMs: 1_000 }, { cause });
}

function remember(remembered: Map<string, Viewer>, viewer: Viewer): void {
  // The first is the token that was verified longest ago.
  remembered.set(viewer.token, viewer);
  forgetFirstBeyond(MAX_REMEMBERED_TOKENS, remembered);
}

function unauthenticated(message: string): KithError {
  return new KithError('UNAUTHENTICATED', message);
}
