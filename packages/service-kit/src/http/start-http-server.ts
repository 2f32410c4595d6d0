import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
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

// Before anything starts, so that the first counts are not lost.
reportMetrics(prometheus);

export type HttpHandler = {
  (request: IncomingMessage, response: ServerResponse): void | Promise<void>;
  /** Of requests to upgrade to WebSocket at the same route; without it they are answered over HTTP. */
  readonly upgrade?: UpgradeHandler;
};

export interface UpgradeHandler {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Resolves once every connection has ended. */
  stop(): Promise<void>;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Serves `/metrics`, and nothing else, instead of `port` (METRICS_PORT), at the same host. 0 takes a free one. */
  readonly metricsPort?: number | undefined;
  readonly log: Logger;
  readonly ready: () => Promise<Readiness> | Readiness;
  /** By method and path: `'POST /operator/import-users'`, or by path alone for every method: `'/graphql'`. */
  readonly routes: Readonly<Record<string, HttpHandler>>;
  /** Fallback for requests that match no route (the gateway's web client); 404 without it. */
  readonly otherwise?: HttpHandler;
  /** How long it goes on serving after it has announced its stop, so that clients can move elsewhere. Default 0. */
  readonly noticeMs?: number;
  /** An incomplete request is answered 408 after this time. Default 30 s. */
  readonly requestWithinMs?: number;
}

export interface Readiness {
  /**
   * Readiness: whether the process can do its work. If not, load balancers send no requests here: so a dependency that
   * all processes lose at once, and can do without, must not count.
   */
  readonly ready: boolean;
  /** What the process uses, by name, and whether it answers now. */
  readonly uses: Readonly<Record<string, boolean>>;
}

export interface HttpServer {
  /** `http://127.0.0.1:4101`, with the actual port. */
  readonly url: string;
  /** Where `/metrics` is: `url`, unless it has a port of its own. */
  readonly metricsUrl: string;
  /** For upgrades to WebSocket. */
  readonly server: http.Server;
  /** From now on `/ready` says that the process is stopping, so that no new clients are sent here; all else goes on. */
  announceStop(): void;
  /**
   * Graceful shutdown: announces the stop, by `/ready` and by closing each connection after its next answer, and serves
   * for `noticeMs` more. Then accepts nothing new, waits for running requests (at most 5 s), and closes every
   * connection.
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
/** Many clients that connect at once wait briefly in the kernel; those beyond this retry only after seconds. */
const BACKLOG = 4_096;
/** All headers together; more is answered 431. Long queries come by POST. */
const MAX_HEADER_BYTES = 16 * 1024;

const LIMITS: http.ServerOptions = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: LOOK_FOR_SLOW_ONES_EVERY_MS,
  maxHeaderSize: MAX_HEADER_BYTES,
};

const STOPPING: Readiness = { ready: false, uses: { stopping: false } };

let metricsCollected = false;

/**
 * Serves the routes, and the endpoints of every process: `/live` (200 while the process runs), `/ready` (200 while it
 * can do its work, else 503; `{"ready":true,"missing":["nats"]}` names missing dependencies in both cases) and
 * `/metrics` (Prometheus; on its own port with `metricsPort`, and then 404 here). HEAD is answered wherever GET is; a
 * trailing slash is ignored. An error that a handler throws is answered as JSON: a KithError as it is, anything else as
 * 500 without details. Rejects when the port cannot be taken.
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
    // Answered 404 here, because `otherwise` would answer it for everybody.
    'GET /metrics': options.metricsPort === undefined ? answerMetrics : notFound,
    ...options.routes,
  };

  const { requestWithinMs: requestTimeout = REQUEST_WITHIN_MS } = options;
  const limits = { ...LIMITS, requestTimeout, headersTimeout: Math.min(HEADERS_WITHIN_MS, requestTimeout) };
  // A client that offers to upgrade to another protocol is answered over HTTP/1.1
  // (https://www.rfc-editor.org/rfc/rfc9110#section-7.8).
  const upgradeOf = (request: IncomingMessage) => options.routes[readRequestTarget(request)]?.upgrade;
  const shouldUpgradeCallback = (request: IncomingMessage): boolean =>
    request.headers.upgrade?.toLowerCase() === 'websocket' &&
    (server.listenerCount('upgrade') > (hasUpgrades ? 1 : 0) || upgradeOf(request) !== undefined);
  const server: http.Server = http.createServer({ ...limits, shouldUpgradeCallback }, (request, response) => {
    const path = readRequestTarget(request);
    const route = routes[path] ?? routes[`${request.method === 'HEAD' ? 'GET' : request.method} ${path}`];
    if (stopping) response.shouldKeepAlive = false;
    if (route) useTarget(request, path);
    const handle = refusalOf(request) ?? route ?? options.otherwise ?? notFound;
    void answer(handle, request, response, options.log);
  });
  server.on('clientError', refuseWhatIsNoRequest);
  const upgrades = Object.values(options.routes).flatMap(({ upgrade }) => upgrade ?? []);
  const hasUpgrades = upgrades.length > 0;
  if (hasUpgrades) {
    server.on('upgrade', (request, socket, head) => upgradeOf(request)?.accept(request, socket, head));
  }
  await listen(server, hostToListenAt(options.host), options.port);
  // Without a listener, a connection that cannot be accepted (no handles left) would end the process.
  server.on('error', (err) => options.log.warn({ err }, 'a connection could not be accepted'));
  const metrics = await metricsApart(options).catch(async (error) => {
    await close(server);
    throw error;
  });
  const url = urlOf(options.host, server);

  return {
    url,
    metricsUrl: metrics === undefined ? url : urlOf(options.host, metrics),
    server,
    announceStop: () => {
      stopping = true;
    },
    stop: async () => {
      stopping = true;
      await wait(options.noticeMs ?? 0);
      await Promise.all([close(server), ...upgrades.map((upgrade) => upgrade.stop())]);
      if (metrics) await close(metrics);
    },
  };
}

const answerMetrics: HttpHandler = async (_request, response) => {
  const text = await prometheus.register.metrics();
  response.writeHead(200, { 'content-type': prometheus.register.contentType }).end(text);
};

/** A separate listener for `/metrics` with the same limits; undefined without `metricsPort`. */
async function metricsApart({ host, metricsPort, log }: HttpServerOptions): Promise<http.Server | undefined> {
  if (metricsPort === undefined) return undefined;
  const server = http.createServer(LIMITS, (request, response) => {
    const isAsked = ['GET', 'HEAD'].includes(request.method ?? '') && readRequestTarget(request) === '/metrics';
    void answer(refusalOf(request) ?? (isAsked ? answerMetrics : notFound), request, response, log);
  });
  server.on('clientError', refuseWhatIsNoRequest);
  await listen(server, hostToListenAt(host), metricsPort);
  server.on('error', (err) => log.warn({ err }, 'a connection for metrics could not be accepted'));
  return server;
}

const urlOf = (host: string, server: http.Server) =>
  `http://${hostInUrl(host)}:${(server.address() as AddressInfo).port}`;

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
    // A connection that finishes its request now would stay idle until its client closes it.
    const closeFinished = setInterval(() => server.closeIdleConnections(), 50);
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_AT_MOST_MS);
    server.close(() => {
      clearInterval(closeFinished);
      clearTimeout(force);
      resolve();
    });
  });
}
