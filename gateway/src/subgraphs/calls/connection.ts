import {
  ABOUT_THE_CONNECTION,
  MANY_CALLS_PROTOCOL,
  MOST_BYTES_A_MESSAGE,
  readAnswer,
  STOPPING,
  writeLeft,
} from '@kith/service-kit';
import { type RawData, WebSocket } from 'ws';

/** Whoever stands between and does not know upgrades may leave them without an answer: a call has time left for HTTP. */
const OPEN_WITHIN_MS = 500;
const KEEP_ALIVE_MS = 15_000;

/** The service does not speak the protocol: it is older, or another. */
export class ManyCallsNotOffered extends Error {}

export interface Call {
  readonly id: number;
  readonly line: string;
  readonly resolve: (result: string) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
  /** Where it was sent, and when. */
  sent?: { readonly over: Connection; readonly at: number };
}

export interface ConnectionOptions {
  /** Of one process of the service. */
  readonly url: string;
  readonly servername?: string | undefined;
  readonly path: string;
  /** Shown when the connection is opened. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What becomes of it. */
export interface Followed {
  opened(): void;
  /** There is room for one more. */
  answered(): void;
  /** Nothing more can be sent over it. */
  left(): void;
  notOpened(error: Error): void;
}

/** One WebSocket, and the calls that wait for their answers over it. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #followed: Followed;
  /** What is waited for, by id. */
  readonly running = new Map<number, Call>();
  readonly closed: Promise<void>;
  /** ms of `performance.now()`. */
  heardAt = Number.NEGATIVE_INFINITY;
  #leaving = false;

  constructor({ url, path, servername, headers }: ConnectionOptions, followed: Followed) {
    this.#followed = followed;
    this.#socket = new WebSocket(new URL(path, url.replace(/^http/, 'ws')), MANY_CALLS_PROTOCOL, {
      headers: withoutBody(headers),
      handshakeTimeout: OPEN_WITHIN_MS,
      maxPayload: MOST_BYTES_A_MESSAGE,
      perMessageDeflate: false,
      ...(servername !== undefined && { servername }),
    });
    const socket = this.#socket;
    let problem: Error = new Error('The connection was lost.');
    let wasOpen = false;
    socket.once('upgrade', (response) => response.socket.setKeepAlive(true, KEEP_ALIVE_MS));
    socket.once('open', () => {
      wasOpen = true;
      followed.opened();
    });
    socket.on('unexpected-response', (_request, { statusCode }) => {
      problem = new ManyCallsNotOffered(`It answers ${statusCode} to the upgrade.`);
      socket.terminate();
    });
    socket.on('error', (error) => {
      if (problem instanceof ManyCallsNotOffered) return;
      problem = wasOpen || isOfTheNetwork(error) ? error : new ManyCallsNotOffered(error.message, { cause: error });
    });
    socket.on('message', (data: RawData) => this.#read(data.toString()));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        if (!wasOpen) followed.notOpened(problem);
        for (const call of this.running.values()) settle(call, () => call.reject(problem));
        this.running.clear();
        if (wasOpen) followed.left();
        resolve();
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN && !this.#leaving;
  }

  send(lines: readonly string[]): void {
    this.#socket.send(lines.join('\n'));
  }

  /** Nobody waits for it any more. */
  takeBack(call: Call): void {
    if (!this.running.delete(call.id)) return;
    if (this.#socket.readyState === WebSocket.OPEN) this.send([writeLeft(call.id)]);
    this.#hasRoom();
  }

  /** Ends it once all is answered that was sent over it. */
  leave(): Promise<void> {
    this.#leaving = true;
    if (this.running.size === 0) this.#socket.close(1000);
    return this.closed;
  }

  end(): void {
    this.#socket.terminate();
  }

  #read(text: string): void {
    this.heardAt = performance.now();
    for (const line of text.split('\n')) {
      const answer = readAnswer(line);
      if (answer === undefined) {
        this.end();
        return;
      }
      if (answer.id === ABOUT_THE_CONNECTION) this.#hear(answer.result);
      else this.#answer(answer.id, answer.result);
    }
  }

  #hear(said: string): void {
    if (said !== STOPPING) return;
    void this.leave();
    this.#followed.left();
  }

  #answer(id: number, result: string): void {
    const call = this.running.get(id);
    if (!call) return;
    this.running.delete(id);
    settle(call, () => call.resolve(result));
    this.#hasRoom();
  }

  #hasRoom(): void {
    if (this.#leaving && this.running.size === 0) this.#socket.close(1000);
    else this.#followed.answered();
  }
}

/** Nobody was reached: to ask over HTTP would end the same way. */
function isOfTheNetwork({ code }: Error & { code?: unknown }): boolean {
  return UNREACHED.has(String(code));
}

const UNREACHED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT']);

/** Its time no longer runs. */
export function settle({ timer }: Call, how: () => void): void {
  clearTimeout(timer);
  how();
}

/** An upgrade has no body, and is answered with none. */
function withoutBody({ 'content-type': _, accept: __, ...headers }: Readonly<Record<string, string>>) {
  return headers;
}
