import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '@kith/event-delivery';
import { sendJson } from '@kith/event-delivery/json-over-http';
import { isOutage } from '@kith/event-delivery/outage';
import { Refusal, STATUS_OF } from '../rules/refusal.ts';
import { readBody, readId, readQuery } from './read-request.ts';
import { refuseWhatIsNoHttp } from './refuse-what-is-no-http.ts';
import { type Route, routesOf } from './routes.ts';

/** Of node:http, as the operator's routes of event delivery are. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface HttpServer {
  readonly url: string;
  /** Takes nothing new, and waits for what is in hand: for 5 s at most. */
  stop(): Promise<void>;
}

export interface Serves {
  readonly routes: readonly Route[];
  /** Beside them, by method and path: `'GET /ready'`. */
  readonly operator: Readonly<Record<string, Handler>>;
  readonly log: Log;
}

const LIMITS = { requestTimeout: 30_000, headersTimeout: 10_000, connectionsCheckingInterval: 1_000 };
const DRAIN_AT_MOST_MS = 5_000;

/**
 * Serves a service's API as JSON, and its operator's routes. What is refused is answered as `{code, message, field?}`,
 * with the status of its code; an outage of the database as 503. Port 0 takes a free one; rejects when it is taken.
 */
export async function serveHttp(
  options: Serves & { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const { host, port, log } = options;
  const answer = answering(options);
  const server = createServer(LIMITS, (request, response) => {
    answer(request, response).catch((error) => {
      const isGone = request.destroyed && !request.complete;
      if (isGone || response.headersSent) response.destroy();
      else refuse(response, asRefusal(error, log));
    });
  });
  server.on('clientError', refuseWhatIsNoHttp);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const listensAt = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${listensAt}:${(server.address() as AddressInfo).port}`, stop: () => close(server) };
}

function answering({ routes, operator }: Serves): Handler {
  const find = routesOf(routes);
  return async (request, response) => {
    // A proxy may send the whole address (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2).
    const target = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
    const [path = '/', search = ''] = target.split(/\?(.*)/s);
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    const forOperator = operator[`${method} ${path}`];
    if (forOperator) return forOperator(request, response);
    const { byMethod, id } = find(path);
    if (byMethod.size === 0) throw new Refusal('NOT_FOUND', 'There is nothing at this path.');
    const route = byMethod.get(method);
    if (!route) {
      response.setHeader('allow', [...byMethod.keys()].join(', '));
      throw new Refusal('METHOD_NOT_ALLOWED', `Here one can ${[...byMethod.keys()].join(' and ')}.`);
    }
    const asked = { id: route.path.includes(':id') ? readId(id) : '' };
    const input = method === 'GET' ? readQuery(search, route.schema) : await readBody(request, route.schema);
    const { status = 200, headers = {}, body } = await route.answer({ ...asked, input });
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendJson(response, status, body);
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const closeIdle = setInterval(() => server.closeIdleConnections(), 50);
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_AT_MOST_MS);
    server.close(() => {
      clearInterval(closeIdle);
      clearTimeout(force);
      resolve();
    });
  });
}

function asRefusal(error: unknown, log: Log): Refusal {
  if (error instanceof Refusal) return error;
  if (isOutage(error)) {
    log.warn({ error: String(error) }, 'a request could not be answered: something it needs is away');
    return new Refusal('SERVICE_UNAVAILABLE', 'Try again in a moment.');
  }
  log.error({ error: error instanceof Error ? error.stack : String(error) }, 'a request failed unexpectedly');
  return new Refusal('INTERNAL_ERROR', 'Something went wrong on our side.');
}

function refuse(response: ServerResponse, { code, message, field }: Refusal): void {
  if (code === 'SERVICE_UNAVAILABLE') response.setHeader('retry-after', '1');
  sendJson(response, STATUS_OF[code], { code, message, ...(field !== undefined && { field }) });
  // What more there is of a body is thrown away, so that the answer arrives.
  response.req.resume();
}
