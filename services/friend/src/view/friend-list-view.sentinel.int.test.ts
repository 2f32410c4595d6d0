import { eventually, type LocalRedisSentinels, startRedisSentinels } from '@kith/local-servers';
import { usersOfRedis } from '@kith/services';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aListWithAView, changes, rename, viewsAreWhole } from './testing/change-and-read.ts';
import { idOf, ListsInMemory } from './testing/lists-in-memory.ts';
import { openImpatientView } from './testing/open-view.ts';

describe('by Sentinels', () => {
  let set: LocalRedisSentinels;
  beforeAll(async () => {
    set = await startRedisSentinels({ users: usersOfRedis });
  });
  afterAll(() => set?.stop());
  beforeEach(() => set.settle());

  test('a replica that is promoted without the last writes shows nobody the list as it was', async () => {
    const lists = new ListsInMemory();
    const [view, other] = [
      await openImpatientView(set.urlOf('friend'), lists),
      await openImpatientView(set.urlOf('friend'), lists),
    ];
    await aListWithAView(view, lists, 'lossy');
    await other.whole('lossy');
    const primary = await set.primary();
    const replicas = set.nodes.filter((node) => node !== primary);
    await primary.tell('WAIT', replicas.length, 5_000);
    for (const replica of replicas) replica.pause();
    await changes(view, lists, 'lossy', 'Lost');
    await primary.kill();
    for (const replica of replicas) replica.resume();
    await eventually('another is primary', async () => {
      for (const each of [view, other]) {
        expect((await each.find('lossy', idOf(1))).friend?.nickname).toBe('Lost');
        expect((await each.revision('lossy')) ?? 4).toBe(4);
      }
      return view.redis.connected && other.redis.connected;
    });
    await viewsAreWhole(view, lists, ['lossy']);
    await changes(view, lists, 'lossy', 'And on');
    await primary.start();
  });

  test('a primary that hangs is left for another, and every read is right meanwhile', async () => {
    const lists = new ListsInMemory();
    const view = await openImpatientView(set.urlOf('friend'), lists);
    await aListWithAView(view, lists, 'hangs');
    const primary = await set.primary();
    primary.pause();
    let round = 0;
    await eventually('another is used', async () => {
      const revision = lists.change('hangs', rename(`Round ${round}`));
      await view.raiseFloor('hangs', revision);
      expect((await view.find('hangs', idOf(1))).friend?.nickname).toBe(`Round ${round++}`);
      return (await set.primary()) !== primary && view.redis.connected;
    });
    primary.resume();
    await viewsAreWhole(view, lists, ['hangs']);
  });
});
