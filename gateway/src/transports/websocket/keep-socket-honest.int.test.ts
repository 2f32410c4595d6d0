import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { eventually } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { keepSocketHonest } from './keep-socket-honest.ts';

const LIMITS = { pingEveryMs: 50, silentAtMostMs: 300 };

const stops: (() => void)[] = [];
// The looks at the socket come by a clock of the test's own; what crosses the socket takes the time that it takes.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.useRealTimers();
});

/** Both ends of one connection. */
async function connected(limits = LIMITS) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [socket, request] = (await accepted) as [WebSocket, IncomingMessage];
  await once(client, 'open');
  const honest = keepSocketHonest(socket, request.socket, limits);
  const closed: number[] = [];
  socket.on('close', (code) => closed.push(code));
  stops.push(() => {
    honest.stop();
    client.terminate();
    server.close();
  });
  const wire = (client as unknown as { _socket: Socket })._socket;
  /** Bytes that the kernel has taken from the server: it takes more some time after the other side has read. */
  const takenBytes = () => request.socket.bytesWritten - request.socket.writableLength;
  return { client, socket, wire, closed, takenBytes };
}

test('a socket that is read stays open, idle or not', async () => {
  const { client, socket, closed } = await connected();
  let pings = 0;
  let pongs = 0;
  client.on('ping', () => {
    pings += 1;
    socket.send('x'.repeat(1_000));
  });
  socket.on('pong', () => {
    pongs += 1;
  });
  for (let look = 1; look <= 20; look += 1) {
    vi.advanceTimersByTime(LIMITS.pingEveryMs);
    await eventually('the ping and its pong', () => pings >= look && pongs >= look);
  }
  expect(closed).toEqual([]);
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

test('a socket whose other side is gone is ended after the time given, and not before', async () => {
  const { socket, wire, closed } = await connected();
  wire.pause();
  vi.advanceTimersByTime(LIMITS.silentAtMostMs - LIMITS.pingEveryMs);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  vi.advanceTimersByTime(LIMITS.pingEveryMs);
  await eventually('the end', () => closed.length === 1);
  expect(closed).toEqual([1006]);
});

test('a socket that is not read keeps for the time given, and is then closed with 1013', async () => {
  const { client, socket, wire, closed } = await connected();
  const clientClosed = once(client, 'close');
  wire.pause();
  let stuckAtBytes = -1;
  // Until the kernel takes no more; from then on only the clock moves.
  await eventually('the kernel’s buffers to be full', async () => {
    if (socket.bufferedAmount === 0) socket.send('x'.repeat(1024 * 1024));
    const stuck = socket.bufferedAmount > 0 && socket.bufferedAmount === stuckAtBytes;
    stuckAtBytes = socket.bufferedAmount;
    return stuck;
  });
  vi.advanceTimersByTime(LIMITS.silentAtMostMs - LIMITS.pingEveryMs);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  vi.advanceTimersByTime(LIMITS.pingEveryMs);
  expect(socket.readyState).toBe(WebSocket.CLOSING);
  wire.resume();
  const [code] = await clientClosed;
  expect(code).toBe(1013);
  await eventually('the end', () => closed.length === 1);
});

test('a slow reader that makes progress is kept', async () => {
  const { client, socket, wire, closed, takenBytes } = await connected();
  client.on('message', () => wire.pause());
  let sending = true;
  const keepSending = (): void => {
    if (sending && socket.readyState === socket.OPEN) socket.send('x'.repeat(256 * 1024), keepSending);
  };
  keepSending();
  // Ten times the limit, with a little progress in each part of it.
  for (let part = 0; part < 20; part += 1) {
    const before = takenBytes();
    await eventually('it takes a little', () => {
      wire.resume();
      return takenBytes() > before && socket.bufferedAmount > 0;
    });
    vi.advanceTimersByTime(LIMITS.silentAtMostMs / 2);
  }
  sending = false;
  expect(closed).toEqual([]);
  expect(socket.readyState).toBe(WebSocket.OPEN);
});
