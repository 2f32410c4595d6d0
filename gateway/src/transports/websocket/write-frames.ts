import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Frames } from '../../request/gateway-context.ts';

/**
 * Backpressure for what is pushed: writes frames straight to a socket, past `ws`, which makes two writes of each. All
 * end in the same stream, so that their order is that of the calls.
 */
export class FrameWriter implements Frames {
  readonly #socket: WebSocket;
  readonly #wire: Socket;
  #waiting: Set<() => void> | undefined;

  /** `wire`: the connection below the socket, which must not compress. */
  constructor(socket: WebSocket, wire: Socket) {
    this.#socket = socket;
    this.#wire = wire;
  }

  get open(): boolean {
    return !this.#wire.writableNeedDrain && this.#socket.readyState === this.#socket.OPEN;
  }

  write(message: string): void {
    this.#wire.write(textFrame(message));
  }

  whenOpen(goOn: () => void): void {
    if (!this.#waiting) {
      this.#waiting = new Set();
      this.#wire.once('drain', () => this.#drained());
    }
    this.#waiting.add(goOn);
  }

  #drained(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const goOn of waiting) goOn();
  }
}

/** A whole message of text from a server (RFC 6455, section 5.2), in one piece. */
function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const at = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(at + bytes);
  frame[0] = 0x81;
  if (at === 2) frame[1] = bytes;
  else if (at === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  frame.write(text, at, 'utf8');
  return frame;
}
