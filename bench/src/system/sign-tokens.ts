import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose';

/**
 * Access tokens for the users of a private system, signed with its own key: a thousand people who sign in would keep
 * argon2 busy for minutes.
 *
 * @param kithData the folder that the system was started from
 */
export async function signTokens(kithData: string, userIds: readonly string[]): Promise<string[]> {
  const { keys } = JSON.parse(await readFile(join(kithData, 'signing-keys.json'), 'utf8')) as { keys: JWK[] };
  const jwk = keys[0]!;
  const key = await importJWK(jwk, 'EdDSA');
  const kid = jwk.kid ?? (await calculateJwkThumbprint(jwk));
  return Promise.all(
    userIds.map((userId) =>
      new SignJWT({ sid: `session-of-${userId}` })
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
        .setIssuer('kith')
        .setAudience('kith')
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime('15m')
        .sign(key),
    ),
  );
}
