import { type Client, CloseCode, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  endByAnswer,
  isResult,
  MAX_EVENT_BYTES,
  refusedWith,
  type Stream,
  type StreamedResult,
  type StreamListener,
  StreamLost,
  StreamRefused,
  type StreamRequest,
  speaksSomethingElse,
  tooLarge,
} from './stream-ends.ts';

const CONNECT_WITHIN_MS = 2_000;
const ACKNOWLEDGE_WITHIN_MS = 10_000;
const PING_EVERY_MS = 12_000;
const PONG_WITHIN_MS = 10_000;
const CLOSE_TAKES_AT_MOST_MS = 2_000;

/**
 * A subscription over graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md), on a socket
 * of its own, with backpressure: while an event waits to be taken, the socket is not read. What the service is told
 * stands in the headers of the upgrade and, by the same names, in the payload of `connection_init`.
 *
 * @throws {StreamLost | StreamRefused}
 */
export async function* streamOverWebSocket(request: StreamRequest, { signal, opened }: StreamListener): Stream {
  if (signal.aborted) return;
  const waiting = new WaitingResults();
  const { client, socket } = connect(request, opened);
  const stop = client.subscribe<StreamedResult['data']>(request.operation, {
    next(result) {
      waiting.add(isResult(result) ? result : speaksSomethingElse(request.name));
      socket.now?.pause();
    },
    error: (error) => waiting.finish(endBy(error, request.name, socket)),
    complete: () => waiting.finish(undefined),
  });
  const leave = () => {
    waiting.finish(undefined);
    stop();
    closeSoon(socket.now);
  };
  signal.addEventListener('abort', leave);
  try {
    for (;;) {
      const result = waiting.take();
      if (result instanceof StreamRefused) throw result;
      if (result) yield result;
      else if (waiting.finished) break;
      else {
        socket.now?.resume();
        await waiting.something();
      }
    }
    if (waiting.finished?.why) throw waiting.finished.why;
  } finally {
    signal.removeEventListener('abort', leave);
    leave();
  }
}

/** What one reading of the socket has brought beyond what was taken. */
class WaitingResults {
  finished: { readonly why: Error | undefined } | undefined;
  readonly #results: (StreamedResult | StreamRefused)[] = [];
  #wake: () => void = () => undefined;

  add(result: StreamedResult | StreamRefused): void {
    this.#results.push(result);
    this.#wake();
  }

  /** What came before is taken first. */
  finish(why: Error | undefined): void {
    this.finished ??= { why };
    this.#wake();
  }

  take(): StreamedResult | StreamRefused | undefined {
    return this.#results.shift();
  }

  something(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

interface CurrentSocket {
  now?: WebSocket;
  /** Of an answer in place of the upgrade. */
  refusedWith?: number;
  tooLarge?: boolean;
}

function connect(request: StreamRequest, opened: () => void): { client: Client; socket: CurrentSocket } {
  const { url, path, servername, headers } = request;
  const { 'content-type': _type, accept: _accept, ...told } = headers;
  const current: CurrentSocket = {};
  class OurSocket extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, {
        ...{ headers: told, maxPayload: MAX_EVENT_BYTES, handshakeTimeout: CONNECT_WITHIN_MS },
        ...{ perMessageDeflate: false, followRedirects: false, ...(servername !== undefined && { servername }) },
      });
      current.now = this;
      this.on('unexpected-response', (_request, { statusCode = 500 }) => {
        current.refusedWith = statusCode;
        this.terminate();
      });
      this.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') current.tooLarge = true;
      });
    }
  }
  let pongBy: NodeJS.Timeout | undefined;
  const giveUp = () => {
    // A pong would wait behind what is not read.
    if (current.now?.isPaused) pongBy = setTimeout(giveUp, PONG_WITHIN_MS).unref();
    else current.now?.terminate();
  };
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}${path}`,
    webSocketImpl: OurSocket,
    connectionParams: told,
    ...{ retryAttempts: 0, connectionAckWaitTimeout: ACKNOWLEDGE_WITHIN_MS, keepAlive: PING_EVERY_MS },
    on: {
      connected: opened,
      ping(received) {
        if (!received) pongBy ??= setTimeout(giveUp, PONG_WITHIN_MS).unref();
      },
      pong(received) {
        if (!received) return;
        clearTimeout(pongBy);
        pongBy = undefined;
      },
      closed: () => clearTimeout(pongBy),
    },
  });
  return { client, socket: current };
}

/** Errors of the service's, a close event, or whatever kept the socket from being opened. */
function endBy(error: unknown, name: string, socket: CurrentSocket): StreamLost | StreamRefused {
  if (Array.isArray(error)) return new StreamRefused(error);
  if (socket.tooLarge) return tooLarge(name);
  if (socket.refusedWith !== undefined) return endByAnswer(name, socket.refusedWith);
  const code = (error as { code?: unknown } | null)?.code;
  if (code === CloseCode.Unauthorized) {
    return refusedWith('UNAUTHENTICATED', `The ${name} service asks for a session: sign in.`);
  }
  if (code === CloseCode.Forbidden) {
    return refusedWith('FORBIDDEN', `The ${name} service does not let you watch this.`);
  }
  if (BREAKS_THE_PROTOCOL.has(code)) return speaksSomethingElse(name);
  return new StreamLost(`The ${name} service is not reached, or was lost.`, { cause: error });
}

const BREAKS_THE_PROTOCOL = new Set<unknown>([
  ...[CloseCode.BadRequest, CloseCode.BadResponse, CloseCode.SubprotocolNotAcceptable],
  ...[CloseCode.SubscriberAlreadyExists, CloseCode.TooManyInitialisationRequests],
]);

/** A socket that is not read does not hear that the other side closes too. */
function closeSoon(socket: WebSocket | undefined): void {
  if (!socket || socket.readyState === socket.CLOSED) return;
  socket.resume();
  if (socket.readyState === socket.CONNECTING) socket.terminate();
  else setTimeout(() => socket.terminate(), CLOSE_TAKES_AT_MOST_MS).unref();
}
