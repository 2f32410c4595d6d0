import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildServer, eventually, startRedis } from '@kith/local-servers';
import { afterEach, expect, test } from 'vitest';
import type { ViewChange } from './entries/list-state.ts';
import { ViewUnavailable } from './redis/connect-redis.ts';
import { aFriend, aList, aRequest, idOf, inOrder, ListsInMemory } from './testing/lists-in-memory.ts';
import { type OpenView, openView } from './testing/open-view.ts';
import { tellRedis } from './testing/tell-redis.ts';

const rename: ViewChange = { kind: 'put-friend', friend: aFriend(1, { nickname: 'Zed' }) };
const renamed = { revision: 4, friend: { nickname: 'Zed' } };
const aPage = { order: 'NAME', limit: 20 } as const;

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function aRedis(place: Parameters<typeof startRedis>[0] = {}): Promise<ChildServer> {
  const server = await startRedis(place);
  cleanUp.push(() => server.stop());
  return server;
}

async function aView(server: ChildServer, lists: ListsInMemory, options: Parameters<typeof openView>[2] = {}) {
  const view = await openView(server, lists, { commandTimeoutMs: 150, pauseAfterFailureMs: 50, ...options });
  cleanUp.push(() => view.close());
  return view;
}

/** Three friends, with a view. */
async function aListWithAView(view: OpenView, lists: ListsInMemory, owner: string): Promise<void> {
  lists.put(owner, { ...aList(3), requests: [aRequest(1)] });
  await view.whole(owner);
}

test('with Redis killed every read is answered all the same, and writes go on', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  const view = await aView(server, lists);
  await aListWithAView(view, lists, 'ann');
  const before = {
    page: await view.page('ann', aPage),
    found: await view.find('ann', idOf(2)),
    whole: inOrder(await view.whole('ann')),
  };
  await server.kill();

  expect({
    page: await view.page('ann', aPage),
    found: await view.find('ann', idOf(2)),
    whole: inOrder(await view.whole('ann')),
  }).toEqual(before);
  expect(await view.revision('ann')).toBeUndefined();
  await expect(view.apply('ann', 4, rename)).rejects.toThrow(ViewUnavailable);
  await expect(view.stored('ann')).rejects.toThrow(ViewUnavailable);
  await view.raiseFloor('ann', lists.change('ann', rename));
  expect(await view.find('ann', idOf(1))).toMatchObject(renamed);
  await eventually('the outage is logged', () => view.logged.length > 0);
  expect(view.logged.filter((line) => line.startsWith('warn'))).toHaveLength(1);
});

test('with Redis away, loads are bounded: however many lists, and one for each list', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  const view = await aView(server, lists, { mostLoads: 4 });
  await server.kill();
  let running = 0;
  let most = 0;
  lists.gate = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => view.page(`owner-${n % 50}`, aPage)));
  expect(most).toBe(4);
  expect(lists.loads).toBeLessThanOrEqual(100);
});

test('a Redis that comes back empty is filled again, without help', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  const view = await aView(server, lists);
  await aListWithAView(view, lists, 'ann');
  await server.kill();
  await view.raiseFloor('ann', lists.change('ann', rename));
  await aRedis({ port: server.port });
  await eventually('Redis answers', () => view.redis.connected);
  expect(await view.find('ann', idOf(1))).toMatchObject(renamed);
  await eventually('the view is stored', async () => (await view.stored('ann')) !== undefined);
  expect(await view.apply('ann', 4, rename)).toEqual({ outcome: 'duplicate' });
  expect(view.logged.at(-1)).toBe('info: Redis answers again');
});

test('a Redis restored from an old snapshot shows nobody what it remembers', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kith-old-snapshot-'));
  cleanUp.push(() => rm(dataFolder, { recursive: true, force: true }));
  const lists = new ListsInMemory();
  const server = await aRedis({ dataFolder });
  const views = [await aView(server, lists), await aView(server, lists)] as const;
  await aListWithAView(views[0], lists, 'ann');
  await tellRedis(server, 'SAVE');
  // Applied and acknowledged, then lost with the memory of Redis: nobody will ever apply it again.
  await views[0].raiseFloor('ann', lists.change('ann', rename));
  expect(await views[0].apply('ann', 4, rename)).toEqual({ outcome: 'applied' });
  for (const view of views) expect(await view.find('ann', idOf(1))).toMatchObject(renamed);

  await server.kill();
  await aRedis({ port: server.port, dataFolder });
  for (const view of views) await eventually('Redis answers', () => view.redis.connected);
  expect(await views[0].stored('ann')).toMatchObject({ revision: 3 });
  for (const view of views) {
    expect(await view.revision('ann')).not.toBe(3);
    expect(await view.find('ann', idOf(1))).toMatchObject(renamed);
  }
  expect(await views[0].stored('ann')).toMatchObject({ revision: 4 });
});

test('a Redis that hangs delays one read by its timeout, and a change made meanwhile is not forgotten', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  const view = await aView(server, lists, { pauseAfterFailureMs: 600_000, commandTimeoutMs: 200 });
  await aListWithAView(view, lists, 'ann');
  server.pause();
  cleanUp.push(async () => server.resume());
  await view.page('ann', aPage);
  const asked = view.redis.calls;
  for (let times = 0; times < 20; times++) await view.page('ann', aPage);
  // Not one of them waited for an answer that does not come.
  expect(view.redis.calls).toBe(asked);
  await view.raiseFloor('ann', lists.change('ann', rename));
  expect(await view.find('ann', idOf(1))).toMatchObject(renamed);
});

test('what changed while Redis hung is seen by every process afterwards, also when the one that knew has died', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  const writer = await aView(server, lists);
  const other = await aView(server, lists);
  await aListWithAView(other, lists, 'ann');
  await other.page('ann', aPage);
  server.pause();
  await other.page('ann', aPage);
  await writer.raiseFloor('ann', lists.change('ann', rename));
  await writer.close();
  server.resume();

  const newcomer = await aView(server, lists);
  await eventually('the view is read again', async () => {
    const { calls } = other.redis;
    expect(await other.find('ann', idOf(1))).toMatchObject(renamed);
    return other.redis.calls > calls;
  });
  expect(await newcomer.find('ann', idOf(1))).toMatchObject(renamed);
});

test('a floor that Redis missed is raised when it is back, for the readers of other processes', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  const writer = await aView(server, lists);
  await aListWithAView(writer, lists, 'ann');
  server.pause();
  await writer.raiseFloor('ann', lists.change('ann', rename));
  server.resume();
  const floor = async () => (await tellRedis(server, 'HGET friend-list:v3:test:{ann}:meta floor')).split('\r\n')[1];
  await eventually('the floor holds', async () => (await floor()) === '4');
});

test('a view that has fallen behind without anybody noticing is found out while it is read', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  const view = await aView(server, lists, { compareEveryMs: 20 });
  await aListWithAView(view, lists, 'ann');
  // No floor and no event: as if both had been lost.
  lists.change('ann', rename);
  await eventually('the change is seen', async () => (await view.find('ann', idOf(1))).revision === 4);
});

test('Postgres being away takes no list from those who read a view already compared', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  let postgresIsAway = false;
  const loadRevisions: typeof lists.loadRevisions = async (ownerIds) => {
    if (postgresIsAway) throw new Error('Postgres is away');
    return lists.loadRevisions(ownerIds);
  };
  const view = await aView(server, lists, { compareEveryMs: 1, loadRevisions });
  await aListWithAView(view, lists, 'ann');
  postgresIsAway = true;
  for (let times = 0; times < 10; times++) expect(await view.page('ann', aPage)).toMatchObject({ totalCount: 3 });
});

test('FLUSHALL while a load is in hand: the old state is not stored, and the reader is answered', async () => {
  const lists = new ListsInMemory();
  const server = await aRedis();
  const view = await aView(server, lists);
  const consumer = await aView(server, lists);
  lists.put('ann', aList(3));
  lists.gate = async () => {
    lists.gate = async () => {};
    await tellRedis(server, 'FLUSHALL');
    // Without the lease nothing remembers this change; the view must not be stored without it.
    await consumer.apply('ann', lists.change('ann', rename), rename);
  };
  expect(await view.find('ann', idOf(1))).toMatchObject(renamed);
  expect(lists.loads).toBe(2);
  expect(await view.stored('ann')).toMatchObject({ revision: 4 });
});
