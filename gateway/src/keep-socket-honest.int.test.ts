import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { eventually } from '@kith/local';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { keepSocketHonest } from './keep-socket-honest.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Both ends of one connection. */
async function connected(limits = { pingEveryMs: 50, silentAtMostMs: 300 }) {
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
  return { client, socket, wire, closed };
}

test('a socket that is read stays open, idle or not', async () => {
  const { client, socket, closed } = await connected();
  let pings = 0;
  client.on('ping', () => {
    pings += 1;
    socket.send('x'.repeat(1_000));
  });
  await eventually('ten pings', () => pings >= 10);
  expect(closed).toEqual([]);
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

test('a socket whose other side is gone is ended after the time given', async () => {
  const { wire, closed } = await connected();
  wire.pause();
  await eventually('the end', () => closed.length === 1, { withinMs: 1_000 });
  expect(closed).toEqual([1006]);
});

test('a socket that is not read keeps for the time given, and is then closed with 1013', async () => {
  const { client, socket, wire, closed } = await connected();
  const clientClosed = once(client, 'close');
  wire.pause();
  while (socket.bufferedAmount === 0) {
    socket.send('x'.repeat(1024 * 1024));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const stuckSince = Date.now();
  await eventually('the close to begin', () => socket.readyState === WebSocket.CLOSING);
  expect(Date.now() - stuckSince).toBeGreaterThanOrEqual(250);
  wire.resume();
  const [code] = await clientClosed;
  expect(code).toBe(1013);
  await eventually('the end', () => closed.length === 1);
});

test('a slow reader that makes progress is kept', async () => {
  const { client, socket, wire, closed } = await connected({ pingEveryMs: 50, silentAtMostMs: 1_500 });
  let read = 0;
  client.on('message', () => {
    read += 1;
    wire.pause();
    setTimeout(() => wire.resume(), 10);
  });
  let sending = true;
  const keepSending = (): void => {
    if (sending && socket.readyState === socket.OPEN) socket.send('x'.repeat(256 * 1024), keepSending);
  };
  keepSending();
  const startedAt = Date.now();
  await eventually('twice the limit', () => Date.now() - startedAt > 3_000, { withinMs: 10_000 });
  sending = false;
  expect(read).toBeGreaterThan(10);
  expect(closed).toEqual([]);
  expect(socket.readyState).toBe(WebSocket.OPEN);
});
