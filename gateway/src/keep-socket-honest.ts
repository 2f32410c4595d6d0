import type { WebSocket } from 'ws';

export interface SocketLimits {
  /** How often the other side must show that it is there. */
  readonly pingEveryMs: number;
  /** How long a socket may go without taking anything of what waits for it. */
  readonly mustDrainWithinMs: number;
}

/** Close code: the client may come back, but not at once (https://www.iana.org/assignments/websocket). */
export const TRY_AGAIN_LATER = 1013;
const CLOSE_TAKES_AT_MOST_MS = 2_000;

/**
 * Ends a socket whose other side is gone (no pong to a ping) or does not read (1013 after `mustDrainWithinMs` without
 * progress). The two differ: behind a full buffer a ping does not even arrive, and its reader may only be slow.
 */
export function keepSocketHonest(socket: WebSocket, limits: SocketLimits): { stop(): void } {
  let awaitsPong = false;
  let stuckAtBytes = 0;
  let stuckForMs = 0;
  socket.on('pong', () => {
    awaitsPong = false;
  });

  const check = setInterval(() => {
    const waiting = socket.bufferedAmount;
    stuckForMs = waiting > 0 && waiting >= stuckAtBytes && stuckAtBytes > 0 ? stuckForMs + limits.pingEveryMs : 0;
    stuckAtBytes = waiting;
    if (stuckForMs >= limits.mustDrainWithinMs) return closeSoon(socket, TRY_AGAIN_LATER, 'This socket is not read');
    if (waiting > 0) return;
    if (awaitsPong) return socket.terminate();
    awaitsPong = true;
    socket.ping();
  }, limits.pingEveryMs);

  return { stop: () => clearInterval(check) };
}

/** Says why, and does not wait long for the other side to agree. */
export function closeSoon(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), CLOSE_TAKES_AT_MOST_MS).unref();
}
