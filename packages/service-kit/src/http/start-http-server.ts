import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { sendJson } from '@kith/event-delivery/json-over-http';
import { reportMetrics } from '@kith/event-delivery/metrics';
import * as prometheus from '@prometheus-io/client';
import type { Logger } from 'pino';
import { errorBody, KithError } from '../errors/kith-error.ts';
import { refuseWhatIsNoRequest } from './answer-before-the-body.ts';
import { sendError, sendRefusal } from './answer-http.ts';
import { hostInUrl, hostToListenAt } from './host-in-url.ts';
import { namesAHost, readRequestTarget, useTarget } from './read-request-target.ts';

// Before anything starts, so that what it counts first is counted.
reportMetrics(prometheus);

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Logger;
  readonly ready: () => Promise<Readiness> | Readiness;
  /** By method and path: `'POST /operator/import-users'`, or by path alone for every method: `'/graphql'`. */
  readonly routes: Readonly<Record<string, HttpHandler>>;
  /** Answers what no route does (the gateway's web client); 404 without it. */
  readonly otherwise?: HttpHandler;
  /** For so long it goes on when it is to stop, and says so to whoever can send elsewhere; 0 unless told. */
  readonly noticeMs?: number;
  /** After that a request that is not whole is 408; 30 s unless told. */
  readonly requestWithinMs?: number;
}

export interface Readiness {
  /**
   * Whether the process can do its work. When it cannot, whoever balances load sends nobody here: so that what all
   * processes miss at once, and can do without, must not be a reason.
   */
  readonly ready: boolean;
  /** What the process uses, by name, and whether it answers now. */
  readonly uses: Readonly<Record<string, boolean>>;
}

export interface HttpServer {
  /** `http://127.0.0.1:4101`, with the port that was really taken. */
  readonly url: string;
  /** For upgrades to WebSocket. */
  readonly server: http.Server;
  /** From now on `/ready` says that the process stops, so that nobody new is sent here; all else goes on. */
  announceStop(): void;
  /**
   * Says that it stops, by `/ready` and by closing each connection that is used, and goes on for `noticeMs`. Then accepts
   * nothing new, waits for running requests (at most 5 s), and closes every connection.
   */
  stop(): Promise<void>;
}

const DRAIN_AT_MOST_MS = 5_000;
/** Longer than clients keep an idle connection, so that they never write into one that we are closing. */
const KEEP_ALIVE_MS = 65_000;
/** A client that dribbles its headers or its body (slow loris) holds a connection for no longer. */
const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 30_000;
const LOOK_FOR_SLOW_ONES_EVERY_MS = 1_000;
/** A crowd that comes at once waits in the kernel for a moment: what does not fit tries again after seconds. */
const BACKLOG = 4_096;
/** Together; more is 431. Long queries come by POST. */
const MAX_HEADER_BYTES = 16 * 1024;

const LIMITS: http.ServerOptions = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: LOOK_FOR_SLOW_ONES_EVERY_MS,
  maxHeaderSize: MAX_HEADER_BYTES,
};

const STOPPING: Readiness = { ready: false, uses: { stopping: false } };

let metricsCollected = false;

/**
 * Serves the routes, and what every process answers: `/live` (200 while the process runs), `/ready` (200 while it can do
 * its work, else 503; `{"ready":true,"missing":["nats"]}` names what it does without either way) and `/metrics`
 * (Prometheus). HEAD is answered wherever GET is, and a path with a slash at its end as without. A handler that throws is answered as JSON: a KithError as it is, anything else as 500 without details.
 * Rejects when the port cannot be taken.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  if (!metricsCollected) prometheus.collectDefaultMetrics();
  metricsCollected = true;

  let stopping = false;
  const routes: Readonly<Record<string, HttpHandler>> = {
    'GET /live': (_request, response) => sendJson(response, 200, { live: true }),
    'GET /ready': async (_request, response) => {
      const { ready, uses } = stopping ? STOPPING : await options.ready();
      const missing = Object.keys(uses).filter((name) => !uses[name]);
      sendJson(response, ready ? 200 : 503, { ready, missing });
    },
    'GET /metrics': async (_request, response) => {
      const text = await prometheus.register.metrics();
      response.writeHead(200, { 'content-type': prometheus.register.contentType }).end(text);
    },
    ...options.routes,
  };

  const { requestWithinMs: requestTimeout = REQUEST_WITHIN_MS } = options;
  const limits = { ...LIMITS, requestTimeout, headersTimeout: Math.min(HEADERS_WITHIN_MS, requestTimeout) };
  // A client that offers another protocol is answered in this one (https://www.rfc-editor.org/rfc/rfc9110#section-7.8).
  const shouldUpgradeCallback = ({ headers }: IncomingMessage): boolean =>
    headers.upgrade?.toLowerCase() === 'websocket' && server.listenerCount('upgrade') > 0;
  const server: http.Server = http.createServer({ ...limits, shouldUpgradeCallback }, (request, response) => {
    const path = readRequestTarget(request);
    const route = routes[path] ?? routes[`${request.method === 'HEAD' ? 'GET' : request.method} ${path}`];
    if (stopping) response.shouldKeepAlive = false;
    if (route) useTarget(request, path);
    const handle = refusalOf(request) ?? route ?? options.otherwise ?? notFound;
    void answer(handle, request, response, options.log);
  });
  server.on('clientError', refuseWhatIsNoRequest);
  await listen(server, hostToListenAt(options.host), options.port);
  // For its whole life: without a listener a connection that cannot be accepted (no handles left) would end the process.
  server.on('error', (err) => options.log.warn({ err }, 'a connection could not be accepted'));

  return {
    url: `http://${hostInUrl(options.host)}:${(server.address() as AddressInfo).port}`,
    server,
    announceStop: () => {
      stopping = true;
    },
    stop: async () => {
      stopping = true;
      await wait(options.noticeMs ?? 0);
      await close(server);
    },
  };
}

async function answer(handle: HttpHandler, request: IncomingMessage, response: ServerResponse, log: Logger) {
  try {
    await handle(request, response);
  } catch (error) {
    sendError(response, error, log);
  }
}

const notFound: HttpHandler = (_request, response) => sendJson(response, 404, { error: 'There is nothing here.' });

function isEncoded({ headers }: IncomingMessage): boolean {
  const encoding = headers['content-encoding'];
  return encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity';
}

function refusalOf(request: IncomingMessage): HttpHandler | undefined {
  if (!namesAHost(request)) return refuseHost;
  return isEncoded(request) ? refuseEncoded : undefined;
}

const refuseHost: HttpHandler = (_request, response) => {
  response.setHeader('connection', 'close');
  const extensions = { code: 'BAD_USER_INPUT' };
  sendRefusal(response, 400, { errors: [{ message: 'Send the name of a host as Host.', extensions }] });
};

const refuseEncoded: HttpHandler = (_request, response) => {
  response.setHeader('accept-encoding', 'identity');
  response.setHeader('connection', 'close');
  sendRefusal(
    response,
    415,
    errorBody(new KithError('BAD_USER_INPUT', 'Send the body as it is, without Content-Encoding.')),
  );
};

function listen(server: http.Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    // A connection that finishes its request now would idle until its client lets go of it.
    const closeFinished = setInterval(() => server.closeIdleConnections(), 50);
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_AT_MOST_MS);
    server.close(() => {
      clearInterval(closeFinished);
      clearTimeout(force);
      resolve();
    });
  });
}
