import { TOKEN_ALGORITHM, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@kith/service-kit';
import { SignJWT } from 'jose';
import type { FollowedSigningKeys } from './follow-signing-keys.ts';

interface AccessToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface AccessTokenIssuer {
  /** How long a token lives. */
  readonly ttlS: number;
  issue(userId: string, sessionId: string, now: Date): Promise<AccessToken>;
}

/** Issues EdDSA tokens that live `ttlS` seconds, with the claims that service-kit's verifier requires. */
export function createAccessTokenIssuer(keys: Pick<FollowedSigningKeys, 'signer'>, ttlS: number): AccessTokenIssuer {
  return {
    ttlS,
    async issue(userId, sessionId, now) {
      const { kid, privateKey } = keys.signer(now);
      const issuedAtS = Math.floor(now.getTime() / 1000);
      const token = await new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid, typ: 'JWT' })
        .setIssuer(TOKEN_ISSUER)
        .setAudience(TOKEN_AUDIENCE)
        .setSubject(userId)
        .setIssuedAt(issuedAtS)
        .setExpirationTime(issuedAtS + ttlS)
        .sign(privateKey);
      return { token, expiresAt: new Date((issuedAtS + ttlS) * 1000) };
    },
  };
}
