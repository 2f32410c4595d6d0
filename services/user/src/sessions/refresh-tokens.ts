import { createHash, createHmac, randomBytes } from 'node:crypto';

/** 256 random bits, base64url. */
export function newRefreshToken(): string {
  return randomBytes(32).toString('base64url');
}

/** 256 random bits, stored with the token whose successor they make. */
export function newSuccessorSalt(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(32));
}

/**
 * The token that follows, the same however often it is asked for (idempotency key: the token itself). HMAC-SHA-256 keyed
 * with the token: neither who reads the database nor who knows the token alone can make it.
 */
export function successorOf(refreshToken: string, salt: Uint8Array): string {
  return createHmac('sha256', refreshToken).update(salt).digest('base64url');
}

/** All that is stored of a token. Its 256 random bits need no salt and no slow hash. */
export function hashOf(refreshToken: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(refreshToken).digest());
}
