import { createHash, createHmac, randomBytes } from 'node:crypto';

/** 256 random bits, base64url. */
export function newRefreshToken(): string {
  return randomBytes(32).toString('base64url');
}

/** 256 random bits, stored with the token whose successor is derived from them. */
export function newSuccessorSalt(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(32));
}

/**
 * The next token, always the same for one token (idempotency key: the token itself). HMAC-SHA-256 keyed with the token:
 * neither the database alone nor the token alone is enough to derive it.
 */
export function successorOf(refreshToken: string, salt: Uint8Array): string {
  return createHmac('sha256', refreshToken).update(salt).digest('base64url');
}

/** All that is stored of a token. Its 256 random bits need no salt and no slow hash. */
export function hashOf(refreshToken: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(refreshToken).digest());
}
