import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

export interface SocketLimits {
  /** How often the other side is asked whether it is there. */
  readonly pingEveryMs: number;
  /** How long it may go without a sign of life. */
  readonly silentAtMostMs: number;
}

/** Close code: the client may come back, but not at once (https://www.iana.org/assignments/websocket). */
export const TRY_AGAIN_LATER = 1013;
const CLOSE_TAKES_AT_MOST_MS = 2_000;

/**
 * A heartbeat: ends a socket whose other side gives no sign of life for `silentAtMostMs`. A sign is a message, a pong,
 * or that it takes some of what waits for it: behind a full buffer a ping does not even arrive, yet its reader may only
 * be slow. If something waits, the other side is told to come back later (1013): it may be there and just not reading.
 */
export function keepSocketHonest(socket: WebSocket, wire: Socket, limits: SocketLimits): { stop(): void } {
  let aliveAt = Date.now();
  let takenBytes = 0;
  let waited = false;
  const alive = () => {
    aliveAt = Date.now();
  };
  socket.on('pong', alive);
  socket.on('message', alive);

  const check = setInterval(() => {
    const takenBefore = takenBytes;
    takenBytes = wire.bytesWritten - wire.writableLength;
    // With nothing waiting, what is written only fills the kernel's buffer, whoever is at the other end.
    if (waited && takenBytes > takenBefore) alive();
    waited = socket.bufferedAmount > 0;
    const gone = Date.now() - aliveAt >= limits.silentAtMostMs;
    if (gone && waited) closeSoon(socket, TRY_AGAIN_LATER, 'This socket is not read');
    else if (gone) socket.terminate();
    else if (!waited) socket.ping();
  }, limits.pingEveryMs);

  return { stop: () => clearInterval(check) };
}

/** Says why, and does not wait long for the other side to agree. */
export function closeSoon(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, shortened(reason));
  setTimeout(() => socket.terminate(), CLOSE_TAKES_AT_MOST_MS).unref();
}

/** What a close frame has room for (https://www.rfc-editor.org/rfc/rfc6455#section-5.5): more of it would throw. */
const REASON_AT_MOST_BYTES = 123;

function shortened(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= REASON_AT_MOST_BYTES) return reason;
  let end = REASON_AT_MOST_BYTES;
  // Not in the middle of a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
