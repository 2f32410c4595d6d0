import { WebSocket } from 'ws';

export interface Watcher {
  /** Which of those that watch, from 0. */
  readonly index: number;
  close(): void;
}

/**
 * Opens a graphql-transport-ws socket (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md), subscribes, and
 * hands over each `next` frame as text: a client that parsed it all would cost more than the server.
 *
 * @param onFrame told each frame after the first, which says that the server serves this subscription
 * @returns when the first frame has come
 */
export function watchOverWebSocket(
  index: number,
  { url, query, authorization }: { url: string; query: string; authorization: string },
  onFrame: (text: string, index: number) => void,
): Promise<Watcher> {
  const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
  const { promise, resolve, reject } = Promise.withResolvers<Watcher>();
  let served = false;
  socket.on('error', reject);
  socket.on('close', (code, reason) => reject(new Error(`The socket was closed: ${code} ${reason}`)));
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
  socket.on('message', (data) => {
    const text = String(data);
    if (text.includes('"type":"next"')) {
      if (served) return onFrame(text, index);
      served = true;
      return resolve({ index, close: () => socket.terminate() });
    }
    if (text.includes('"type":"connection_ack"')) {
      socket.send(JSON.stringify({ id: 'watch', type: 'subscribe', payload: { query } }));
    } else if (text.includes('"type":"ping"')) socket.send('{"type":"pong"}');
    else reject(new Error(`The server says ${text.slice(0, 300)}`));
  });
  return promise;
}
