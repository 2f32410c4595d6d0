import type { HttpHandler } from '@kith/service-kit';
import type { SigningKeys } from './signing-keys.ts';

/** A verifier that meets an unknown key asks again at once, so five minutes are no risk to a rotation. */
const MAX_AGE_S = 300;

/** The public keys, as JWK Set (RFC 7517). */
export function serveKeySet({ jwks }: SigningKeys): HttpHandler {
  const body = JSON.stringify(jwks);
  return (_request, response) => {
    response
      .writeHead(200, {
        'content-type': 'application/jwk-set+json',
        'cache-control': `public, max-age=${MAX_AGE_S}`,
      })
      .end(body);
  };
}
