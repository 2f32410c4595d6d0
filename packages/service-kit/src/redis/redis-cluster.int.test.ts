import { eventually, type LocalRedisCluster, type RedisNode, startRedis, startRedisCluster } from '@kith/local-servers';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openReadyRedis, openRedis } from '../testing/open-redis.ts';
import type { RedisConnection } from './connect-redis.ts';

let cluster: LocalRedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(() => cluster?.stop());
beforeEach(() => cluster.settle());

const openReady = (url = cluster.url) => openReadyRedis(url);

const KEYS = Array.from({ length: 30 }, (_, number) => `{owner-${number}}:meta`);
const sets = (redis: RedisConnection, key: string, value: string) =>
  redis.send('SET', key, value).then(
    (reply) => reply === 'OK',
    () => false,
  );
const other = async (node: RedisNode) => (await cluster.primaries()).find((each) => each !== node) as RedisNode;

test('a URL of one node, and one of all, reach every key', async () => {
  for (const url of [cluster.nodes[0]!.url, cluster.nodes[5]!.url, cluster.url]) {
    const redis = await openReady(url);
    for (const key of KEYS) expect(await redis.send('SET', key, url)).toBe('OK');
    for (const key of KEYS) expect(await redis.send('GET', key)).toBe(url);
    expect(redis.lines).toEqual([]);
  }
});

test('many keys are read in one go from all servers, each answer in its place, and an error where there is one', async () => {
  const redis = await openReady();
  for (const [at, key] of KEYS.entries()) await redis.send('DEL', key).then(() => redis.send('HSET', key, 'at', at));
  await redis.send('DEL', KEYS[3]!);
  await redis.send('SET', KEYS[3]!, 'no hash');
  const read = await redis.hmget([...KEYS, '{nobody}:meta'], ['at', 'none']);
  expect(read[3]).toMatchObject({ message: expect.stringContaining('WRONGTYPE') });
  expect(read.toSpliced(3, 1)).toEqual([...KEYS.map((_, at) => [String(at), null]).toSpliced(3, 1), [null, null]]);
});

test('a script whose keys lie in two slots is refused', async () => {
  const redis = await openReady();
  redis.define('two', { lua: 'return 1', numberOfKeys: 2 });
  await expect(redis.run('two', ['{ann}:a', '{bob}:a'], [])).rejects.toThrow(/CROSSSLOT/);
  expect(await redis.run('two', ['{ann}:a', '{ann}:b'], [])).toBe(1);
});

test('a killed primary takes away its own keys alone; whoever took over is another place, and is used', async () => {
  const redis = await openReady();
  const [mine, others] = [KEYS[0]!, KEYS.slice(1)];
  const primary = await cluster.primaryOf(mine);
  const elsewhere = await Promise.all(others.map(async (key) => [key, await cluster.primaryOf(key)] as const));
  const [untouched] = elsewhere.find(([, node]) => node !== primary)!;
  const before = [redis.placeOf(mine), redis.placeOf(untouched)];
  await primary.kill();
  await eventually('the place is gone', () => redis.placeOf(mine) !== before[0]);
  expect(redis.placeOf(untouched)).toBe(before[1]);
  await eventually('the replica is used', () => sets(redis, mine, 'after'));
  expect(redis.placeOf(mine)).not.toBe(before[0]);
  await eventually('all is well', () => redis.connected);
  expect(redis.lines).toEqual([
    'Redis does not answer at the address in REDIS_URL: nobody minds',
    'Redis answers again',
  ]);
  await primary.start();
});

test('a primary that hangs while its replica takes over, and goes on as a replica, is not believed any more', async () => {
  const redis = await openReady();
  const key = KEYS[1]!;
  await redis.send('SET', key, 'before');
  const primary = await cluster.primaryOf(key);
  const replica = await cluster.replicaOf(primary);
  const place = redis.placeOf(key);
  primary.pause();
  await eventually('the replica took over', async () => (await replica.tell('ROLE').then(String)).startsWith('master'));
  primary.resume();
  // Nothing was sent to it meanwhile, and no connection was lost.
  await eventually('the new primary is used', async () => {
    const answer = await redis.send('GET', key).catch(() => undefined);
    if (answer !== undefined) expect(answer).toBe('before');
    return redis.placeOf(key) !== place && (await sets(redis, key, 'after'));
  });
  expect(await replica.tell('GET', key)).toBe('after');
});

test('a primary that was a replica meanwhile is another place, though it answers on the same connection', async () => {
  const redis = await openReady();
  const key = KEYS[2]!;
  const [primary, replica] = [await cluster.primaryOf(key), await cluster.replicaOf(await cluster.primaryOf(key))];
  const place = redis.placeOf(key);
  for (const next of [replica, primary]) {
    await cluster.promote(next);
    await cluster.settle();
  }
  await eventually('it is another place', () => redis.placeOf(key) !== undefined && redis.placeOf(key) !== place);
});

test('a slot that moves is away until the map says where it went, and then is another place', async () => {
  const redis = await openReady();
  const key = '{moves}:meta';
  await redis.send('SET', key, 'kept');
  const place = redis.placeOf(key);
  const from = await cluster.primaryOf(key);
  await cluster.moveSlotOf(key, await other(from));
  await expect(redis.send('GET', key)).rejects.toThrow(/^MOVED/);
  expect(await eventually('it is found', () => redis.send('GET', key).catch(() => undefined) as Promise<string>)).toBe(
    'kept',
  );
  expect(redis.placeOf(key)).not.toBe(place);
  expect(redis.lines).toEqual([]);
});

test('a slot half on its way is no answer', async () => {
  const redis = await openReady();
  redis.define('both', { lua: "return redis.call('MGET', KEYS[1], KEYS[2])", numberOfKeys: 2 });
  const keys = ['{half}:a', '{half}:b'] as const;
  for (const key of keys) await redis.send('SET', key, 'here');
  const from = await cluster.primaryOf(keys[0]);
  const to = await other(from);
  const [slot, fromId, toId] = [
    Number(await from.tell('CLUSTER', 'KEYSLOT', keys[0])),
    String(await from.tell('CLUSTER', 'MYID')),
    String(await to.tell('CLUSTER', 'MYID')),
  ];
  await to.tell('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await from.tell('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  const { username, password } = new URL(to.url);
  await from.tell('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'AUTH2', username, password, 'KEYS', keys[0]);
  await expect(redis.run('both', keys, [])).rejects.toThrow(/^(?:TRYAGAIN|ASK)/);
  await expect(redis.send('GET', keys[0])).rejects.toThrow(/^ASK/);
  for (const node of [to, from]) await node.tell('CLUSTER', 'SETSLOT', slot, 'NODE', fromId);
  await to.tell('DEL', keys[0]).catch(() => undefined);
});

test('all nodes that are killed and come back empty are used again', async () => {
  const redis = await openReady();
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  // Each connection hears of the end of its own server.
  await eventually('all of Redis is away', async () => {
    const answers = await Promise.allSettled(KEYS.map((key) => redis.send('GET', key)));
    return answers.every((each) => each.status === 'rejected' && each.reason.message === 'Redis is away');
  });
  expect(redis.connected).toBe(false);
  await Promise.all(cluster.nodes.map((node) => node.start()));
  await cluster.settle();
  await eventually('Redis answers', () => redis.connected);
  for (const key of KEYS) expect(await redis.send('GET', key)).toBeNull();
});

test('several servers that are in no cluster are used by nobody, and it is said', async () => {
  const alone = await startRedis();
  onTestFinished(() => alone.stop());
  const redis = openRedis(`${alone.url},${alone.url}`);
  await eventually('it is said', () => redis.lines.length > 0);
  expect(redis.lines[0]).toMatch(/^REDIS_URL names several servers, as of a cluster/);
  expect(redis.connected).toBe(false);
});

test('a wrong password of a cluster is told in one sentence that names the variable', async () => {
  const wrong = cluster.url.replaceAll(/:[0-9a-f]{48}@/g, ':wrong@');
  const redis = openRedis(wrong);
  await eventually('it is said', () => redis.lines.length > 0);
  expect(redis.lines).toEqual(['Redis refuses the user or the password in REDIS_URL: nobody minds']);
});
