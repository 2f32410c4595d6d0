import { eventually, type LocalRedisSentinels, startRedisSentinels } from '@kith/local-servers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectRedis, type RedisConnection } from './connect-redis.ts';

let set: LocalRedisSentinels;
beforeAll(async () => {
  set = await startRedisSentinels();
});
afterAll(() => set?.stop());
beforeEach(() => set.settle());

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function open(url = set.url): RedisConnection & { lines: string[] } {
  const lines: string[] = [];
  const keep = (_fields: object, line: string) => void lines.push(line);
  const redis = connectRedis({
    ...{ url, meanwhile: 'nobody minds', commandTimeoutMs: 1_000 },
    log: { info: keep, warn: keep },
  });
  opened.push(() => redis.close());
  return Object.assign(Object.create(redis), { lines });
}

async function openReady() {
  const redis = open();
  await eventually('Redis answers', () => redis.connected);
  return redis;
}

const sets = (redis: RedisConnection, value: string) =>
  redis.send('SET', 'key', value).then(
    (reply) => reply === 'OK',
    () => false,
  );

test('the primary is found by the Sentinels, also when one of them is away, and is left for the one that takes over', async () => {
  const [away] = set.sentinels;
  await away!.kill();
  const redis = await openReady();
  const primary = await set.primary();
  expect(await sets(redis, 'before')).toBe(true);
  expect(await primary.tell('GET', 'key')).toBe('before');
  const place = redis.placeOf('key');
  await primary.kill();
  await eventually('the new primary is used', () => sets(redis, 'after'));
  expect(redis.placeOf('key')).not.toBe(place);
  expect(await (await set.primary()).tell('GET', 'key')).toBe('after');
  await primary.start();
  await away!.start();
});

test('a primary that hangs is left as soon as the Sentinels have made another', async () => {
  const redis = await openReady();
  const primary = await set.primary();
  primary.pause();
  await eventually('the new primary is used', () => sets(redis, 'meanwhile'));
  expect(await (await set.primary()).tell('GET', 'key')).toBe('meanwhile');
  primary.resume();
});

test('a name that no Sentinel knows, and a password that Sentinels refuse, are told in one sentence', async () => {
  const unknown = open(set.url.replace('/kith-primary', '/another'));
  await eventually('it is said', () => unknown.lines.length > 0);
  expect(unknown.lines).toEqual(['No Sentinel in REDIS_URL answers with a primary called another: nobody minds']);
  const refused = open(set.url.replace(/sentinel_password=.*/, 'sentinel_password=wrong'));
  await eventually('it is said', () => refused.lines.length > 0);
  expect(refused.lines).toEqual(['Redis refuses the user or the password in REDIS_URL: nobody minds']);
});
