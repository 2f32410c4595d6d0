import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Logger, namesAHost, readRequestTarget, type TokenVerifier } from '@kith/service-kit';
import { handleProtocols, makeServer } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Edge } from '../../admission/guard-edge.ts';
import type { SessionEnds } from '../../live/session-ends.ts';
import type { GatewayYoga } from '../gateway-yoga.ts';
import { spreadOver } from '../spread-over.ts';
import { admitSocket, type SocketState } from './admit-socket.ts';
import { closeSoon, type SocketLimits } from './keep-socket-honest.ts';
import { type GraphqlOverSockets, openSocket } from './open-socket.ts';
import {
  errorsTold,
  executeInEnvelope,
  prepareOperation,
  refuseWhatWasNotRun,
  subscribeInEnvelope,
} from './operations-over-websocket.ts';

const MAX_FRAME_BYTES = 256 * 1024;
const SERVICE_RESTART = 1012;
/** A socket that says nothing is closed with 4408. */
const INIT_WITHIN_MS = 5_000;

export interface WebSocketOptions {
  readonly server: Server;
  /** The one for operations that come now. */
  readonly yoga: () => GatewayYoga;
  readonly verify: TokenVerifier;
  readonly sessionEnds: SessionEnds;
  readonly log: Logger;
  readonly edge: Edge;
  /** Headers of upgrade requests that services are given now. */
  readonly forwardHeaders: () => readonly string[];
  /** GraphiQL sends the headers typed in its editor with each operation: only then are they read from there. */
  readonly headersInOperations: boolean;
  readonly limits?: SocketLimits;
}

/**
 * GraphQL over WebSocket (graphql-transport-ws) on `/graphql`. The token comes as `connectionParams.authorization`; a bad
 * one closes the socket with 4403, and so does the end of its session, within the second.
 */
export function serveWebSocket(options: WebSocketOptions) {
  const { server, log, edge, forwardHeaders } = options;
  const limits = options.limits ?? { pingEveryMs: 12_000, silentAtMostMs: 60_000 };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });
  const graphql = speakGraphql(options);
  let stopping = false;

  function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', destroy);
    if (stopping) refuseUpgrade(stream, '503 Service Unavailable');
    else if (readRequestTarget(request) !== '/graphql') refuseUpgrade(stream, '404 Not Found');
    else if (!namesAHost(request)) refuseUpgrade(stream, '400 Bad Request');
    // A page of any site may open a socket from its visitor's browser: only the Origin tells.
    else if (!edge.origins.allows(request)) {
      edge.origins.tellRefused(request);
      refuseUpgrade(stream, '403 Forbidden');
    } else if (edge.isBusy()) refuseUpgrade(stream, '503 Service Unavailable', RETRY_AFTER);
    else openIfThereIsRoom(request, stream, head);
  }

  function openIfThereIsRoom(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const clientAddress = edge.clientAddressOf(request);
    const place = edge.openPerAddress.take(clientAddress);
    if (!place) {
      refuseUpgrade(stream, '429 Too Many Requests', RETRY_AFTER);
      return;
    }
    stream.once('close', place.giveBack);
    sockets.handleUpgrade(request, stream, head, (socket) =>
      openSocket(graphql, { socket, request, clientAddress }, { limits, forwardHeaders: forwardHeaders(), log }),
    );
  }

  server.on('upgrade', upgrade);
  return {
    /** Refuses new sockets and closes the open ones, spread over that time. */
    async stop(drainMs: number): Promise<void> {
      stopping = true;
      await spreadOver(drainMs, [...sockets.clients], (socket) =>
        closeSoon(socket, SERVICE_RESTART, 'Service restart'),
      );
      await Promise.all([...sockets.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
      server.off('upgrade', upgrade);
    },
  };
}

function speakGraphql(options: WebSocketOptions): GraphqlOverSockets {
  const { log } = options;
  return makeServer<Record<string, unknown>, SocketState>({
    connectionInitWaitTimeout: INIT_WITHIN_MS,
    onConnect: (ctx) => admitSocket(ctx, options),
    onSubscribe: (ctx, id, payload) =>
      prepareOperation(ctx.extra, { id, running: Object.keys(ctx.subscriptions).length }, payload, options),
    execute: (args) => executeInEnvelope(args, log),
    subscribe: (args) => subscribeInEnvelope(args, log),
    onOperation: (_ctx, _id, _payload, _args, result) => refuseWhatWasNotRun(result),
    onError: (_ctx, _id, _payload, errors) => errorsTold(errors),
  });
}

// One for all streams: what is made for each is kept for as long as it is open.
function destroy(this: Duplex): void {
  this.destroy();
}

const RETRY_AFTER = 'retry-after: 1\r\n';

function refuseUpgrade(stream: Duplex, status: string, headers = ''): void {
  stream.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n${headers}content-length: 0\r\n\r\n`);
}
