import { expect, test } from 'vitest';
import { isAlive } from '../child-process/run-child-server.ts';
import { eventually } from '../waiting/eventually.ts';
import { startRedisCluster } from './start-redis-cluster.ts';
import { startRedisSentinels } from './start-redis-sentinels.ts';

test('a cluster of six serves all slots, promotes the replica of a killed primary, and leaves nothing', async () => {
  const cluster = await startRedisCluster();
  expect(cluster.nodes).toHaveLength(6);
  expect(await cluster.primaries()).toHaveLength(3);
  const primary = await cluster.primaryOf('{ann}:a');
  const replica = await cluster.replicaOf(primary);
  await primary.tell('SET', '{ann}:a', 'kept');
  await primary.tell('WAIT', 1, 5_000);
  await primary.kill();
  await eventually('the replica took over', async () => (await cluster.primaryOf('{ann}:a')) === replica);
  expect(await replica.tell('GET', '{ann}:a')).toBe('kept');
  await primary.start();
  await cluster.settle();
  await cluster.moveSlotOf('{ann}:a', (await cluster.primaries()).find((node) => node !== replica)!);
  await expect(replica.tell('GET', '{ann}:a')).rejects.toThrow(/^MOVED/);
  expect(await (await cluster.primaryOf('{ann}:a')).tell('GET', '{ann}:a')).toBe('kept');
  const pids = cluster.nodes.map(({ pid }) => pid);
  await cluster.stop();
  expect(pids.some(isAlive)).toBe(false);
});

test('Sentinels promote a replica of a killed primary, which follows it when it is back, and leave nothing', async () => {
  const set = await startRedisSentinels();
  const primary = await set.primary();
  expect(primary).toBe(set.nodes[0]);
  await primary.kill();
  await eventually('another is primary', async () => (await set.primary()) !== primary);
  await primary.start();
  await set.settle();
  expect(await primary.tell('ROLE')).toContain('slave');
  const pids = [...set.nodes, ...set.sentinels].map(({ pid }) => pid);
  await set.stop();
  expect(pids.some(isAlive)).toBe(false);
});
