import type { IncomingMessage } from 'node:http';
import type { Logger } from '@kith/service-kit';
import { CloseCode, type makeServer } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { forwardedHeaders } from '../../request/context-of-request.ts';
import { connectionsClosed } from '../closed-connections-metrics.ts';
import type { SocketState } from './admit-socket.ts';
import { closeSoon, keepSocketHonest, type SocketLimits, TRY_AGAIN_LATER } from './keep-socket-honest.ts';
import { FrameWriter } from './write-frames.ts';

/** The protocol, for sockets of ours. */
export type GraphqlOverSockets = ReturnType<typeof makeServer<Record<string, unknown>, SocketState>>;

/** Lets a socket speak the protocol until it is closed; what it holds is given back then. */
export function openSocket(
  graphql: GraphqlOverSockets,
  { socket, request, clientAddress }: { socket: WebSocket; request: IncomingMessage; clientAddress: string },
  { limits, forwardHeaders, log }: { limits: SocketLimits; forwardHeaders: readonly string[]; log: Logger },
): void {
  const state = stateOf(socket, request, clientAddress, forwardHeaders);
  const honest = keepSocketHonest(socket, request.socket, limits);
  // The close that follows an error says all there is to say.
  socket.on('error', ignore);
  const closed = graphql.opened(
    {
      protocol: socket.protocol,
      send: (frame) => send(socket, frame),
      close: (code, reason) => closeSoon(socket, code ?? 1000, reason ?? ''),
      onMessage: (handle) =>
        socket.on('message', (data) => {
          const message = String(data);
          handle(message).catch(closesAfter(message, socket, log));
        }),
    },
    state,
  );
  socket.once('close', (code, reason) => {
    honest.stop();
    state.session?.stop();
    state.place?.giveBack();
    connectionsClosed.inc({ code });
    closed(code, String(reason)).catch((err: unknown) => log.error({ err }, 'a socket did not close cleanly'));
  });
}

/** Apart from the listeners of the socket: what they see in common, the request with its headers, would be kept with it. */
function stateOf(
  socket: WebSocket,
  request: IncomingMessage,
  clientAddress: string,
  forwardHeaders: readonly string[],
): SocketState {
  const { traceparent } = request.headers;
  const forwarded = forwardedHeaders(forwardHeaders, (name) => request.headers[name]?.toString());
  return {
    socket,
    frames: new FrameWriter(socket, request.socket),
    clientAddress,
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    ...(forwarded && { forwarded }),
  };
}

/**
 * Operations answer for themselves; this is of the socket. 4500 would tell its client never to come back. It waits for
 * as long as the operation of the message runs, and keeps the message itself only where the message decides.
 */
function closesAfter(message: string, socket: WebSocket, log: Logger): (err: unknown) => void {
  const kept = MAY_BE_FROM_SERVERS.test(message) ? message : undefined;
  return (err) => {
    if (kept === undefined || isForServers(kept)) {
      log.error({ err }, 'a message over WebSocket could not be handled');
      closeSoon(socket, TRY_AGAIN_LATER, 'Something went wrong on our side');
    } else closeSoon(socket, CloseCode.BadRequest, 'Invalid message received');
  };
}

/** graphql-ws reads what servers say as well, and throws. */
function isForServers(message: string): boolean {
  const { type } = JSON.parse(message) as { type?: unknown };
  return !FROM_SERVERS.has(type);
}
const FROM_SERVERS = new Set<unknown>(['connection_ack', 'next', 'error']);
/** In no other message can one of these types stand: in JSON a letter is itself, or is escaped so. */
const MAY_BE_FROM_SERVERS = /"(?:connection_ack|next|error)"|\\u/;

function send(socket: WebSocket, frame: string): Promise<void> {
  // Resolves when the frame has left. The next one waits for that, so the reader sets the pace (backpressure).
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(frame, (error) => (error ? reject(error) : resolve()));
  });
}

// One for all sockets: what is made for each is kept for as long as it is open.
const ignore = () => undefined;
