import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '@kith/event-delivery';
import { sendJson } from '@kith/event-delivery/json-over-http';
import { isOutage } from '@kith/event-delivery/outage';
import { Refusal, STATUS_OF } from '../refusal.ts';
import { readBody, readId, readQuery } from './read-request.ts';
import { type Route, routesOf } from './routes.ts';

/** Of node:http, as the operator's routes of event delivery are. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface HttpServer {
  readonly url: string;
  /** Takes nothing new, and waits for what is in hand. */
  stop(): Promise<void>;
}

const LIMITS = { requestTimeout: 30_000, headersTimeout: 10_000, connectionsCheckingInterval: 1_000 };

/**
 * Serves a service's API as JSON, and its operator's routes beside it, by method and path. What is refused is answered
 * as `{code, message, field?}`, with the status of its code; an outage of the database as 503. Rejects when the port
 * is taken.
 */
export async function serveHttp(options: {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly routes: readonly Route[];
  readonly operator: Readonly<Record<string, Handler>>;
  readonly log: Log;
}): Promise<HttpServer> {
  const { host, port, operator, log } = options;
  const find = routesOf(options.routes);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
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
  }

  const server = createServer(LIMITS, (request, response) => {
    answer(request, response).catch((error) => {
      const isGone = request.destroyed && !request.complete;
      if (isGone || response.headersSent) return void response.destroy();
      refuse(response, asRefusal(error, log));
    });
  });
  server.on('clientError', (_error, socket) => {
    const { code, message } = new Refusal('BROKEN_REQUEST', 'This is no request of HTTP/1.1 that can be read.');
    const body = JSON.stringify({ code, message });
    const head = `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8`;
    if (socket.writable) socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        const closeIdle = setInterval(() => server.closeIdleConnections(), 50);
        server.close(() => {
          clearInterval(closeIdle);
          resolve();
        });
      }),
  };
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
