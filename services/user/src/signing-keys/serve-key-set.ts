import type { HttpHandler } from '@kith/service-kit';
import type { FollowedSigningKeys } from './follow-signing-keys.ts';

/** Cache lifetime: a new key is published for longer than this before it signs. */
const MAX_AGE_S = 60;

/** The public keys, as JWK Set (RFC 7517). */
export function serveKeySet(keys: FollowedSigningKeys): HttpHandler {
  return (_request, response) => {
    response
      .writeHead(200, {
        'content-type': 'application/jwk-set+json',
        'cache-control': `public, max-age=${MAX_AGE_S}`,
      })
      .end(JSON.stringify(keys.publicKeys(new Date())));
  };
}
