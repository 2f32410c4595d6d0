import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { streamsClosed } from '../closed-connections-metrics.ts';
import { type OpenStreams, trackOpenStreams } from './open-streams.ts';

const LIMITS = { checkEveryMs: 20, stuckAtMostMs: 100 };

const stops: (() => void)[] = [];
// The looks at the streams come by a clock of the test's own; what crosses a socket takes the time that it takes.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.useRealTimers();
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
  const streams = trackOpenStreams(LIMITS);
  const idle = await openStream(streams);
  const busy = await openStream(streams);
  let read = 0;
  busy.reading.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  // Five times the limit, with something read in each part of it.
  for (let part = 0; part < 10; part += 1) {
    const before = read;
    await eventually('something to be read', () => {
      if (!busy.response.writableNeedDrain) busy.response.write('x'.repeat(40_000));
      return read > before;
    });
    vi.advanceTimersByTime(LIMITS.stuckAtMostMs / 2);
  }
  expect([idle.response.destroyed, busy.response.destroyed]).toEqual([false, false]);
  await streams.stop(0);
});

test('a stream that is not read is cut after the time given', async () => {
  const streams = trackOpenStreams(LIMITS);
  const { response, reading, closed } = await openStream(streams);
  reading.pause();
  let takenBytes = -1;
  await eventually('the kernel’s buffers to be full', () => {
    if (!response.writableNeedDrain) response.write('x'.repeat(1_000_000));
    const before = takenBytes;
    takenBytes = response.socket!.bytesWritten - response.socket!.writableLength;
    return response.writableNeedDrain && takenBytes === before;
  });
  // The first look sees what was taken until then.
  vi.advanceTimersByTime(LIMITS.checkEveryMs);
  vi.advanceTimersByTime(LIMITS.stuckAtMostMs - LIMITS.checkEveryMs);
  expect(response.destroyed).toBe(false);
  vi.advanceTimersByTime(LIMITS.checkEveryMs);
  expect(response.destroyed).toBe(true);
  await closed;
  await streams.stop(0);
});

test('streams that ended are counted by what ended them', async () => {
  const counted = async () => {
    const { values } = await streamsClosed.get();
    return new Map(values.map(({ labels, value }) => [labels.reason, value]));
  };
  const before = await counted();
  const streams = trackOpenStreams(LIMITS);
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
