import { eventually, type LocalRedisSentinels, type RedisNode, startRedisSentinels } from '@kith/local-servers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openReadyRedis, openRedis } from '../testing/open-redis.ts';
import type { RedisConnection } from './connect-redis.ts';

let set: LocalRedisSentinels;
beforeAll(async () => {
  set = await startRedisSentinels();
});
afterAll(() => set?.stop());
beforeEach(() => set.settle());

const sets = (redis: RedisConnection, value: string) =>
  redis.send('SET', 'key', value).then(
    (reply) => reply === 'OK',
    () => false,
  );

/** Sentinels hear of a new primary one after the other: the one that is asked may still name the one before. */
const anotherHas = (value: string, before: RedisNode) =>
  eventually('the new primary has it', async () => {
    const now = await set.primary();
    return now !== before && (await now.tell('GET', 'key')) === value;
  });

test('the primary is found by the Sentinels, also when one of them is away, and is left for the one that takes over', async () => {
  const [away] = set.sentinels;
  await away!.kill();
  const redis = await openReadyRedis(set.url);
  const primary = await set.primary();
  expect(await sets(redis, 'before')).toBe(true);
  expect(await primary.tell('GET', 'key')).toBe('before');
  const place = redis.placeOf('key');
  await primary.kill();
  await eventually('the new primary is used', () => sets(redis, 'after'));
  expect(redis.placeOf('key')).not.toBe(place);
  await anotherHas('after', primary);
  await primary.start();
  await away!.start();
});

test('a primary that hangs is left as soon as the Sentinels have made another', async () => {
  const redis = await openReadyRedis(set.url);
  const primary = await set.primary();
  primary.pause();
  await eventually('the new primary is used', () => sets(redis, 'meanwhile'));
  await anotherHas('meanwhile', primary);
  primary.resume();
});

test('a name that no Sentinel knows, and a password that Sentinels refuse, are told in one sentence', async () => {
  const unknown = openRedis(set.url.replace('/kith-primary', '/another'));
  await eventually('it is said', () => unknown.lines.length > 0);
  expect(unknown.lines).toEqual(['No Sentinel in REDIS_URL answers with a primary called another: nobody minds']);
  const refused = openRedis(set.url.replace(/sentinel_password=.*/, 'sentinel_password=wrong'));
  await eventually('it is said', () => refused.lines.length > 0);
  expect(refused.lines).toEqual(['Redis refuses the user or the password in REDIS_URL: nobody minds']);
});
