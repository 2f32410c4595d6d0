import { setTimeout as delay } from 'node:timers/promises';
import type { Person } from '../people/person.ts';
import type { Random } from '../people/seeded-random.ts';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';
import type { ClusterFault } from './cluster-fault.ts';

/** Every fault of the Redis Cluster: at the server that has somebody's list. */
export function faultsOfRedis(
  { servers }: ClusterForTest,
  owners: readonly Person[],
  random: Random,
): readonly ClusterFault[] {
  const { redis } = servers;
  /** All keys of a list bear its owner's hash tag. */
  const tagOf = () => `{${random.pick(owners).id}}`;
  return [
    {
      name: 'Redis primary killed',
      part: 'Redis',
      async break() {
        const primary = await redis.primaryOf(tagOf());
        await primary.kill();
        return async () => {
          await primary.start();
          await redis.settle();
        };
      },
    },
    {
      name: 'Redis primary frozen',
      part: 'Redis',
      async break() {
        const primary = await redis.primaryOf(tagOf());
        primary.pause();
        await delay(random.between(500, 5_000));
        primary.resume();
        await redis.settle();
      },
    },
    {
      name: 'Redis replica killed',
      part: 'Redis',
      async break() {
        const replica = await redis.replicaOf(await redis.primaryOf(tagOf()));
        await replica.kill();
        return async () => {
          await replica.start();
          await redis.settle();
        };
      },
    },
    {
      name: 'Redis flushed',
      part: 'Redis',
      async break() {
        for (const primary of await redis.primaries()) await primary.tell('FLUSHALL');
      },
    },
    {
      name: 'Redis slots moved',
      part: 'Redis',
      planned: true,
      async break() {
        const tag = tagOf();
        const from = await redis.primaryOf(tag);
        const others = (await redis.primaries()).filter((primary) => primary !== from);
        await redis.moveSlotOf(tag, random.pick(others));
      },
    },
    {
      name: 'Redis primary handed over',
      part: 'Redis',
      planned: true,
      async break() {
        await redis.promote(await redis.replicaOf(await redis.primaryOf(tagOf())));
        await redis.settle();
      },
    },
  ];
}
