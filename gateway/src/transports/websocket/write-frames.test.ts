import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FrameWriter } from './write-frames.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('messages of every length arrive as they are, in the order of all that is sent', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await once(server, 'listening');
  server.on('connection', (socket, { socket: wire }) => {
    const frames = new FrameWriter(socket, wire);
    for (const [index, length] of LENGTHS.entries()) {
      if (index % 2) socket.send(texts[index]!);
      else frames.write(texts[index]!);
      expect(texts[index]).toHaveLength(length);
    }
    socket.close();
  });
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const heard: string[] = [];
  client.on('message', (data) => heard.push(String(data)));
  expect((await once(client, 'close'))[0]).toBe(1005);
  server.close();
  expect(heard.map(({ length }) => length)).toEqual(LENGTHS);
  expect(heard).toEqual(texts);
});

const LENGTHS = [0, 1, 124, 125, 125, 126, 126, 127, 65_534, 65_535, 65_535, 65_536, 65_536, 300_000, 62, 63];
const texts = LENGTHS.map((length, index) => (index < 14 ? 'x' : 'é').repeat(length));

test('a socket that takes nothing is closed to writers until it takes again', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(client, 'open');
  client.pause();
  const [socket, { socket: wire }] = await connected;
  const frames = new FrameWriter(socket, wire);
  const message = 'x'.repeat(20_000);
  let sent = 0;
  while (frames.open) {
    frames.write(message);
    sent += 1;
    if (sent % 100 === 0) await settled();
  }
  // What the kernel did not take is bounded by the stream's own limit, and one message.
  expect(socket.bufferedAmount).toBeLessThan(wire.writableHighWaterMark + message.length + 10);
  let opened = 0;
  frames.whenOpen(() => (opened += 1));
  frames.whenOpen(() => (opened += 1));
  let heard = 0;
  client.on('message', () => (heard += 1));
  client.resume();
  await once(wire, 'drain');
  await settled();
  expect([opened, frames.open]).toEqual([2, true]);
  socket.close();
  await once(client, 'close');
  expect(heard).toBe(sent);
  expect(frames.open).toBe(false);
  server.close();
});
