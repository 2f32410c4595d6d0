import { KithError } from '../errors/kith-error.ts';
import type { HttpHandler } from '../http/start-http-server.ts';
import { acceptsSecret, type SharedSecret } from '../identity/same-secret.ts';
import { GATEWAY_KEY_HEADER } from './subgraph-server.ts';

/** Lets a request through only with the gateway's key; 401 otherwise. */
export function gatewayOnly(gatewayKey: SharedSecret, handle: HttpHandler): HttpHandler {
  const accepts = acceptsSecret(gatewayKey);
  return (request, response) => {
    const given = request.headers[GATEWAY_KEY_HEADER];
    if (!accepts(typeof given === 'string' ? given : undefined)) {
      throw new KithError('UNAUTHENTICATED', 'Ask the gateway: this endpoint is not for clients.');
    }
    return handle(request, response);
  };
}
