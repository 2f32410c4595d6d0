import { openLeanWebSocket } from './lean-websocket.ts';

/**
 * Speaks graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) and subscribes, for as
 * little as a load generator can.
 *
 * @param onNext told each result after the first, as bytes that are good for that moment only
 * @returns when the first result has come, which says that the server serves this subscription
 */
export async function watchLeanly(
  { url, query, token }: { readonly url: string; readonly query: string; readonly token: string },
  onNext: (frame: Buffer) => void,
): Promise<{ close(): void }> {
  const { promise: served, resolve: isServed, reject } = Promise.withResolvers<void>();
  let first = true;
  const socket = await openLeanWebSocket(url, 'graphql-transport-ws', onMessage, reject);
  function onMessage(bytes: Buffer): void {
    if (!first && bytes.includes(NEXT)) onNext(bytes);
    else readFirst(String(bytes));
  }
  function readFirst(message: string): void {
    if (message.includes('"type":"next"')) {
      first = false;
      isServed();
    } else if (message.includes('"type":"connection_ack"')) {
      socket.send(JSON.stringify({ id: 'watch', type: 'subscribe', payload: { query } }));
    } else if (message.includes('"type":"ping"')) socket.send('{"type":"pong"}');
    else reject(new Error(`The server says ${message.slice(0, 300)}`));
  }
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  await served;
  return socket;
}

const NEXT = Buffer.from('"type":"next"');
const REVISION = Buffer.from('"revision":');

/** Of the change in a result's frame, which is not parsed for it. */
export function revisionIn(frame: Buffer): number {
  let revision = 0;
  for (let at = frame.indexOf(REVISION) + REVISION.length; isDigit(frame[at]!); at += 1) {
    revision = revision * 10 + frame[at]! - ZERO;
  }
  return revision;
}

const ZERO = 48;
const isDigit = (byte: number) => byte >= ZERO && byte < ZERO + 10;
