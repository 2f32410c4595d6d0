import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { errorBody, KithError } from '../errors/kith-error.ts';
import { visibleErrorOf } from '../http/answer-http.ts';
import type { UpgradeHandler } from '../http/start-http-server.ts';
import {
  ABOUT_THE_CONNECTION,
  type AskedCall,
  MANY_CALLS_PROTOCOL,
  MOST_BYTES_A_MESSAGE,
  readCall,
  STOPPING,
  writeAnswer,
} from './many-calls.ts';

/** A call that nobody waits for any more tells whoever works for it. */
export interface Caller {
  readonly gone: () => AbortSignal;
}

export interface ManyCalls {
  /** Whether the one who opens a connection is the gateway. */
  readonly isGateways: (request: IncomingMessage) => boolean;
  /** The longest body of one call, in characters; more is refused, that call alone. */
  readonly longestCall: number;
  /** The GraphQL result; an error that it throws is answered in the shape of one. */
  readonly answerCall: (call: AskedCall, caller: Caller) => Promise<unknown>;
  readonly log: Logger;
}

const STOPPED_WITHIN_MS = 5_000;
const KEEP_ALIVE_MS = 15_000;
/** A gateway that reads nothing is not written to without end. */
const MOST_BYTES_UNREAD = 64 * 1024 * 1024;

/** The service's end of `kith-calls.v1`: what is answered in one turn of the event loop goes out in one message. */
export function answerManyCalls(options: ManyCalls): UpgradeHandler {
  const open = new Set<Connection>();
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MOST_BYTES_A_MESSAGE,
    handleProtocols: () => MANY_CALLS_PROTOCOL,
  });
  let stopping = false;
  return {
    accept(request, socket, head) {
      const offered = request.headers['sec-websocket-protocol']?.split(/\s*,\s*/) ?? [];
      if (!options.isGateways(request)) refuse(socket, '401 Unauthorized');
      else if (!offered.includes(MANY_CALLS_PROTOCOL)) refuse(socket, '400 Bad Request');
      else if (stopping) refuse(socket, '503 Service Unavailable');
      else {
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          const connection = new Connection(webSocket, options);
          open.add(connection);
          webSocket.once('close', () => open.delete(connection));
        });
      }
    },
    async stop() {
      stopping = true;
      await Promise.all([...open].map((connection) => connection.stop()));
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

class Connection {
  readonly #socket: WebSocket;
  readonly #options: ManyCalls;
  /** What is worked for, and what tells that it was taken back, where somebody wants to know. */
  readonly #running = new Map<number, { gone?: AbortController }>();
  #lines: string[] = [];

  constructor(socket: WebSocket, options: ManyCalls) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data: RawData) => this.#read(data.toString()));
    // What it was is told by `close`, which follows.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      for (const { gone } of this.#running.values()) gone?.abort();
      this.#running.clear();
    });
    const stream = (socket as WebSocket & { readonly _socket?: { setKeepAlive(on: boolean, ms: number): void } })
      ._socket;
    stream?.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  /** Says so, answers what is asked, and ends once the gateway has closed or some seconds are over. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState === socket.CLOSED) return;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const force = setTimeout(() => socket.terminate(), STOPPED_WITHIN_MS);
    this.#send(writeAnswer(ABOUT_THE_CONNECTION, STOPPING));
    await closed;
    clearTimeout(force);
  }

  #read(text: string): void {
    for (const line of text.split('\n')) {
      const call = readCall(line);
      if (call === undefined) {
        this.#socket.close(1007, 'This is no call.');
        return;
      }
      if ('left' in call) this.#leave(call.left);
      else void this.#answer(call, line.length);
    }
  }

  #leave(id: number): void {
    this.#running.get(id)?.gone?.abort();
    this.#running.delete(id);
  }

  /** Never rejects. */
  async #answer(call: AskedCall, length: number): Promise<void> {
    const running: { gone?: AbortController } = {};
    this.#running.set(call.id, running);
    const gone = () => {
      running.gone ??= new AbortController();
      if (this.#running.get(call.id) !== running) running.gone.abort();
      return running.gone.signal;
    };
    const result = await this.#resultOf(call, length, { gone });
    if (this.#running.get(call.id) !== running) return;
    this.#running.delete(call.id);
    this.#send(writeAnswer(call.id, result));
  }

  async #resultOf(call: AskedCall, length: number, caller: Caller): Promise<string> {
    const { longestCall, answerCall, log } = this.#options;
    try {
      if (length > longestCall) {
        throw new KithError('BAD_USER_INPUT', `The call is longer than ${longestCall} characters.`, {
          limit: longestCall,
        });
      }
      return JSON.stringify(await answerCall(call, caller));
    } catch (error) {
      return JSON.stringify(errorBody(visibleErrorOf(error, log)));
    }
  }

  /** With what else there is to say in this turn of the event loop. */
  #send(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const text = this.#lines.join('\n');
    this.#lines = [];
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MOST_BYTES_UNREAD) {
      this.#options.log.warn({ bytes: this.#socket.bufferedAmount }, 'a gateway does not read what it asked for');
      this.#socket.terminate();
    } else this.#socket.send(text);
  }
}
