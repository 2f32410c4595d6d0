import {
  eventually,
  type LocalRedisCluster,
  type RedisNode,
  startRedisCluster,
  tellRedisServer,
} from '@kith/local-servers';
import { usersOfRedis } from '@kith/services';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { metaKey } from './redis/view-keys.ts';
import { viewScripts } from './redis/view-scripts.ts';
import { aListWithAView, changes, rename, viewsAreWhole } from './testing/change-and-read.ts';
import { idOf, ListsInMemory } from './testing/lists-in-memory.ts';
import { openImpatientView, TIMELINE } from './testing/open-view.ts';

const keyOf = (owner: string) => metaKey(owner, TIMELINE.current);

describe('on a cluster', () => {
  let cluster: LocalRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ users: usersOfRedis });
  });
  afterAll(() => cluster?.stop());
  beforeEach(() => cluster.settle());
  const OWNERS = Array.from({ length: 12 }, (_, number) => `owner-${number}`);

  async function anotherPrimary(than: RedisNode): Promise<RedisNode> {
    return (await cluster.primaries()).find((node) => node !== than) as RedisNode;
  }

  test('every script touches one slot, as the user with the least rights', async () => {
    const lists = new ListsInMemory();
    const view = await openImpatientView(cluster.urlOf('friend'), lists);
    for (const owner of OWNERS) {
      await aListWithAView(view, lists, owner);
      await changes(view, lists, owner, 'Zed');
      await view.page(owner, { order: 'NAME', limit: 2 });
      await view.page(owner, { order: 'NEWEST', limit: 2, text: 'friend' });
    }
    expect([...(await view.revisions(OWNERS)).values()]).toEqual(OWNERS.map(() => 4));
    expect(view.logged).toEqual([]);
    // Each of them, whatever it answers: a cluster refuses keys of two slots before it runs anything.
    for (const script of viewScripts) {
      for (const owner of OWNERS) {
        const said = await view.redis.run(script, owner, ['1', '1', '1', '1', '1', '1', '1']).catch(String);
        expect(String(said)).not.toMatch(/CROSSSLOT|non local|NOPERM|MOVED/);
      }
    }
  });

  test('a user with the least rights cannot ask for the keys of others', async () => {
    const [{ port }] = cluster.nodes as [RedisNode];
    const url = (cluster.nodes.find((node) => node.port === port) as RedisNode).urlOf('friend');
    await expect(tellRedisServer(url, 'CLUSTER', 'GETKEYSINSLOT', 1, 1)).rejects.toThrow(/^NOPERM/);
    await expect(tellRedisServer(url, 'CLUSTER', 'FAILOVER')).rejects.toThrow(/^NOPERM/);
    expect(await tellRedisServer(url, 'CLUSTER', 'SLOTS')).toHaveLength(3);
  });

  test('a replica that is promoted without the last writes shows nobody the list as it was', async () => {
    const lists = new ListsInMemory();
    const [view, other] = [
      await openImpatientView(cluster.urlOf('friend'), lists),
      await openImpatientView(cluster.urlOf('friend'), lists),
    ];
    const owner = 'lossy';
    await aListWithAView(view, lists, owner);
    await other.whole(owner);
    const primary = await cluster.primaryOf(keyOf(owner));
    const replica = await cluster.replicaOf(primary);
    await primary.tell('WAIT', 1, 5_000);
    // The replica hears nothing of this: it is applied and acknowledged, and dies with the primary.
    replica.pause();
    await changes(view, lists, owner, 'Lost');
    await primary.kill();
    replica.resume();
    await eventually('the replica took over', async () => String(await replica.tell('ROLE')).startsWith('master'));
    for (const each of [view, other]) {
      for (let times = 0; times < 20; times += 1) {
        expect((await each.find(owner, idOf(1))).friend?.nickname).toBe('Lost');
        expect((await each.revision(owner)) ?? 4).toBe(4);
      }
    }
    await viewsAreWhole(view, lists, [owner]);
    await primary.start();
  });

  test('a primary that is killed takes its own lists to Postgres, and no others', async () => {
    const lists = new ListsInMemory();
    const view = await openImpatientView(cluster.urlOf('friend'), lists);
    for (const owner of OWNERS) await aListWithAView(view, lists, owner);
    for (const owner of OWNERS) await view.find(owner, idOf(1));
    const primary = await cluster.primaryOf(keyOf(OWNERS[0]!));
    const served = await Promise.all(OWNERS.map((owner) => cluster.primaryOf(keyOf(owner))));
    await primary.kill();
    const before = { loads: lists.loads, comparisons: lists.comparisons };
    const untouched = OWNERS.filter((_, at) => served[at] !== primary);
    for (const owner of untouched) await view.find(owner, idOf(1));
    expect({ loads: lists.loads, comparisons: lists.comparisons }).toEqual(before);
    for (const owner of OWNERS) await changes(view, lists, owner, 'Meanwhile');
    await viewsAreWhole(view, lists, OWNERS);
    await primary.start();
  });

  test.each([
    [
      'slots are moved',
      async (owner: string) => {
        const from = await cluster.primaryOf(keyOf(owner));
        await cluster.moveSlotOf(keyOf(owner), await anotherPrimary(from));
      },
    ],
    [
      'a failover is planned',
      async (owner: string) => {
        await cluster.promote(await cluster.replicaOf(await cluster.primaryOf(keyOf(owner))));
      },
    ],
    [
      'all is flushed',
      async () => {
        for (const node of await cluster.primaries()) await node.tell('FLUSHALL');
      },
    ],
  ])('while %s every read is right, and the views are whole afterwards', async (_, harm) => {
    const lists = new ListsInMemory();
    const view = await openImpatientView(cluster.urlOf('friend'), lists);
    const owners = OWNERS.slice(0, 4);
    for (const owner of owners) await aListWithAView(view, lists, owner);
    let harming = true;
    const working = Promise.all(
      owners.map(async (owner) => {
        for (let round = 0; harming || round < 3; round += 1) await changes(view, lists, owner, `Round ${round}`);
      }),
    );
    try {
      for (const owner of owners) await harm(owner);
    } finally {
      harming = false;
    }
    await working;
    await viewsAreWhole(view, lists, owners);
  });

  test.each(['noeviction', 'allkeys-lru'])('with no memory left (%s) every read is right', async (policy) => {
    const lists = new ListsInMemory();
    const view = await openImpatientView(cluster.urlOf('friend'), lists);
    for (const owner of OWNERS) await aListWithAView(view, lists, owner);
    const set = async (name: string, value: string | number) => {
      for (const node of cluster.nodes) await node.tell('CONFIG', 'SET', name, value);
    };
    await set('maxmemory-policy', policy);
    await set('maxmemory', 1);
    for (const owner of OWNERS) {
      const revision = lists.change(owner, rename('Full'));
      await view.raiseFloor(owner, revision);
      expect((await view.find(owner, idOf(1))).friend?.nickname).toBe('Full');
      await view.apply(owner, revision, rename('Full')).catch(() => undefined);
      expect((await view.find(owner, idOf(1))).friend?.nickname).toBe('Full');
    }
    await set('maxmemory', 0);
    await viewsAreWhole(view, lists, OWNERS);
  });
});
