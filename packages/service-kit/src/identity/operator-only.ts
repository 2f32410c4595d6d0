import { KithError } from '../errors/kith-error.ts';
import type { HttpHandler } from '../http/start-http-server.ts';
import { acceptsSecret, type SharedSecret } from './same-secret.ts';

/** Lets a request through only with `authorization: Bearer <operator's key>`; 401 otherwise. */
export function operatorOnly(operatorKey: SharedSecret, handle: HttpHandler): HttpHandler {
  const accepts = acceptsSecret(operatorKey);
  return (request, response) => {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!accepts(given)) throw new KithError('UNAUTHENTICATED', 'The operator’s key is needed here.');
    return handle(request, response);
  };
}

/** The same for many routes at once. */
export function routesOnlyFor(
  operatorKey: SharedSecret,
  routes: Readonly<Record<string, HttpHandler>>,
): Record<string, HttpHandler> {
  return Object.fromEntries(Object.entries(routes).map(([path, handle]) => [path, operatorOnly(operatorKey, handle)]));
}
