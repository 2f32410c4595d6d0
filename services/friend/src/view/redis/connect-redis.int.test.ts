import { eventually, startRedis } from '@kith/local-servers';
import { expect, test } from 'vitest';
import { TIMELINE } from '../testing/open-view.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { connectRedis, ViewUnavailable } from './connect-redis.ts';

/** A call that waits for an answer would outlast the test. */
const WAITS_FOR_EVER_MS = 600_000;

test('a process that was too busy to read the reply in time still reads it', async () => {
  const server = await startRedis();
  const redis = connectRedis({ url: server.url, timeline: TIMELINE, log: quietLog(), commandTimeoutMs: 30 });
  await eventually('Redis answers', () => redis.connected);
  const reply = redis.run('whole-list', 'ann', [0, 1_000]);
  const busyUntil = performance.now() + 100;
  while (performance.now() < busyUntil);
  expect(await reply).toEqual(['none']);
  await redis.close();
  await server.stop();
});

test('a server that hangs is given up after the timeout, by the code that outages have', async () => {
  const server = await startRedis();
  const redis = connectRedis({ url: server.url, timeline: TIMELINE, log: quietLog(), commandTimeoutMs: 30 });
  await eventually('Redis answers', () => redis.connected);
  server.pause();
  const error = await redis.run('whole-list', 'ann', [0, 1_000]).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ViewUnavailable);
  expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', refused: false });
  server.resume();
  await redis.close();
  await server.stop();
});

test('a server that was never there: calls fail at once, and it is used once it comes', async () => {
  const gone = await startRedis();
  await gone.kill();
  const log = quietLog();
  const redis = connectRedis({ url: gone.url, timeline: TIMELINE, log, commandTimeoutMs: WAITS_FOR_EVER_MS });
  await eventually('the outage is logged', () => log.lines.length > 0);
  await expect(redis.run('whole-list', 'ann', [0, 1_000])).rejects.toThrow(ViewUnavailable);
  await expect(redis.readMeta(['a', 'b'], ['revision'])).rejects.toThrow(ViewUnavailable);
  expect(redis.connected).toBe(false);

  const server = await startRedis({ port: gone.port });
  await eventually('Redis answers', () => redis.connected);
  expect(await redis.readMeta(['a', 'b'], ['revision'])).toEqual([[null], [null]]);
  expect(log.lines).toHaveLength(2);
  await redis.close();
  await server.stop();
});
