import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kith/local';
import { afterEach, expect, test } from 'vitest';
import { streamsClosed } from './live/live-metrics.ts';
import { type OpenStreams, trackOpenStreams } from './open-streams.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A server's answer that stays open, and the client's end of it. */
async function openStream(streams: OpenStreams) {
  const answered = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, response) => {
    streams.add(response);
    response.writeHead(200).flushHeaders();
    answered.resolve(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
  request.on('error', () => undefined);
  const [reading] = (await once(request, 'response')) as [IncomingMessage];
  reading.on('error', () => undefined);
  const response = await answered.promise;
  const closed = once(response, 'close');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { response, reading, closed };
}

test('a stream that is read, and one that has nothing to say, stay open', async () => {
  const streams = trackOpenStreams({ checkEveryMs: 20, stuckAtMostMs: 100 });
  const idle = await openStream(streams);
  const busy = await openStream(streams);
  let read = 0;
  busy.reading.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  await eventually('a megabyte to be read', async () => {
    if (!busy.response.writableNeedDrain) busy.response.write('x'.repeat(40_000));
    return read > 1_000_000;
  });
  const startedAt = Date.now();
  await eventually('five times the limit', () => Date.now() - startedAt > 500);
  expect([idle.response.destroyed, busy.response.destroyed]).toEqual([false, false]);
  await streams.stop(0);
});

test('a stream that is not read is cut after the time given', async () => {
  const streams = trackOpenStreams({ checkEveryMs: 20, stuckAtMostMs: 100 });
  const { response, reading, closed } = await openStream(streams);
  reading.pause();
  await eventually('the cut', () => {
    if (!response.destroyed && !response.writableNeedDrain) response.write('x'.repeat(1_000_000));
    return response.destroyed;
  });
  await closed;
  await streams.stop(0);
});

test('streams that ended are counted by what ended them', async () => {
  const counted = async () => {
    const { values } = await streamsClosed.get();
    return new Map(values.map(({ labels, value }) => [labels.reason, value]));
  };
  const before = await counted();
  const streams = trackOpenStreams({ checkEveryMs: 20, stuckAtMostMs: 100 });
  const [left, completed, stays] = [await openStream(streams), await openStream(streams), await openStream(streams)];
  left.reading.destroy();
  completed.reading.resume();
  completed.response.end();
  await Promise.all([left.closed, completed.closed]);
  await streams.stop(0);
  await stays.closed;
  const after = await counted();
  for (const reason of ['LEFT', 'COMPLETED', 'RESTART']) {
    expect([reason, after.get(reason)! - (before.get(reason) ?? 0)]).toEqual([reason, 1]);
  }
});
