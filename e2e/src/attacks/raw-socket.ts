import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';

/** A WebSocket to the gateway that keeps to no protocol but what the test sends. */
export interface RawSocket {
  send(message: object | string): void;
  /** Messages received so far, parsed. */
  readonly messages: readonly { type: string; id?: string; payload?: unknown }[];
  readonly closed: Promise<{ code: number; reason: string }>;
  cut(): void;
}

/** Resolves when it is open; rejects with `UpgradeRefused` when the server does not want it. */
export async function openRawSocket(gatewayUrl: string, options: ClientOptions = {}): Promise<RawSocket> {
  const socket = new WebSocket(`${gatewayUrl.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', options);
  const messages: { type: string; id?: string; payload?: unknown }[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  const closed = once(socket, 'close').then(([code, reason]) => ({ code: Number(code), reason: String(reason) }));
  const refused = new Promise<never>((_resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => {
      reject(new UpgradeRefused(response.statusCode ?? 0, response.headers['retry-after']));
      response.destroy();
    });
    socket.on('error', reject);
  });
  refused.catch(() => undefined);
  await Promise.race([once(socket, 'open'), refused]);
  return {
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    messages,
    closed,
    cut: () => socket.terminate(),
  };
}

export class UpgradeRefused extends Error {
  readonly status: number;
  readonly retryAfter: string | undefined;
  constructor(status: number, retryAfter: string | undefined) {
    super(`refused with ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
