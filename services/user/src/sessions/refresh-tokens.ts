import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits, base64url. */
export function newRefreshToken(): string {
  return randomBytes(32).toString('base64url');
}

/** All that is stored of a token. Its 256 random bits need no salt and no slow hash. */
export function hashOf(refreshToken: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(refreshToken).digest());
}
