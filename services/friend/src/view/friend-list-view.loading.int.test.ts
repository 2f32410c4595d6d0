// Longer than other files: all races between loaders of one list, over one Redis and one world of lists.

import { eventually } from '@kith/local-servers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ViewChange } from './entries/list-state.ts';
import type { FriendListViewOptions } from './friend-list-view.ts';
import { aFriend, aList, idOf, ListsInMemory } from './testing/lists-in-memory.ts';
import { type OpenView, openView } from './testing/open-view.ts';
import { REDIS_KIND, type RedisForView, startRedisForView } from './testing/start-redis-for-view.ts';

const rename: ViewChange = { kind: 'put-friend', friend: aFriend(1, { nickname: 'Zed' }) };
const aPage = { order: 'NAME', limit: 20 } as const;
const patient = { waitForLoaderMs: 10_000, waitForConsumerMs: 10_000 };

let server: RedisForView;
const open: OpenView[] = [];
beforeAll(async () => {
  server = await startRedisForView();
});
afterEach(async () => {
  for (const view of open.splice(0)) await view.close();
});
afterAll(() => server?.stop());

async function aView(lists: ListsInMemory, options: Partial<FriendListViewOptions> = {}): Promise<OpenView> {
  const view = await openView(server, lists, options);
  open.push(view);
  return view;
}

/** Loads of `lists` stop at a gate; each is let go by hand. */
function holdLoads(lists: ListsInMemory): { waiting: () => number; letGo: () => void } {
  const gates: (() => void)[] = [];
  lists.gate = () => new Promise((resolve) => gates.push(resolve));
  return { waiting: () => gates.length, letGo: () => gates.shift()!() };
}

test('a thousand simultaneous misses of one list cost one load and few round trips', async () => {
  const lists = new ListsInMemory();
  lists.put('stampede', aList(200));
  const view = await aView(lists);
  const pages = await Promise.all(Array.from({ length: 1_000 }, () => view.page('stampede', aPage)));
  expect(pages.every((page) => page.totalCount === 200 && page.friends.length === 20)).toBe(true);
  expect(lists.loads).toBe(1);
  expect(view.redis.calls).toBeLessThanOrEqual(4);
});

test('two processes that miss the same list at once load it once', async () => {
  const lists = new ListsInMemory();
  lists.put('shared-stampede', aList(200));
  const held = holdLoads(lists);
  const views = await Promise.all([aView(lists, patient), aView(lists, patient)]);
  const pages = Array.from({ length: 1_000 }, (_, n) => views[n % 2]!.page('shared-stampede', aPage));
  await eventually('a load is under way', () => held.waiting() === 1);
  // Long enough that the other has asked for the lease, been refused, and asked again.
  await eventually('the other process polls', () => Math.min(...views.map((view) => view.redis.calls)) >= 2);
  held.letGo();
  expect((await Promise.all(pages)).every((page) => page.friends.length === 20)).toBe(true);
  expect(lists.loads).toBe(1);
});

test('while another process loads and takes its time, a reader goes to Postgres and stores nothing', async () => {
  const lists = new ListsInMemory();
  lists.put('slow-loader', aList(3));
  const held = holdLoads(lists);
  const slow = await aView(lists);
  const quick = await aView(lists, { waitForLoaderMs: 20 });
  const slowPage = slow.page('slow-loader', aPage);
  await eventually('a load is under way', () => held.waiting() === 1);
  const quickPage = quick.page('slow-loader', aPage);
  await eventually('a second load is under way', () => held.waiting() === 2);
  const finishSlow = held.letGo;
  lists.gate = async () => {};
  finishSlow();
  held.letGo();
  expect(await quickPage).toEqual(await slowPage);
  expect(lists.loads).toBe(2);
});

test.each(['event', 'floor'])(
  'a change whose %s arrives while a load is in hand is never buried',
  async (messenger) => {
    const owner = `overtaken-by-${messenger}`;
    const lists = new ListsInMemory();
    lists.put(owner, aList(3));
    const held = holdLoads(lists);
    const view = await aView(lists);
    const consumer = await aView(lists);

    const first = view.find(owner, idOf(1));
    await eventually('the load has its snapshot', () => held.waiting() === 1);
    const revision = lists.change(owner, rename);
    if (messenger === 'event') expect(await consumer.apply(owner, revision, rename)).toEqual({ outcome: 'no-view' });
    else await consumer.raiseFloor(owner, revision);
    held.letGo();
    await eventually('the load is repeated', () => held.waiting() === 1 && lists.loads === 2);
    expect(await consumer.stored(owner)).toBeUndefined();
    held.letGo();

    expect(await first).toMatchObject({ revision, friend: { nickname: 'Zed' } });
    expect(await consumer.stored(owner)).toMatchObject({ revision });
  },
);

test('a load that has already seen the change that arrived is stored at once', async () => {
  const lists = new ListsInMemory();
  lists.put('seen', aList(3));
  const view = await aView(lists);
  const consumer = await aView(lists);
  lists.gate = async () => {
    await consumer.apply('seen', 3, rename);
  };
  await view.page('seen', aPage);
  expect(lists.loads).toBe(1);
  expect(await view.stored('seen')).toMatchObject({ revision: 3 });
});

test('a loader that outlives its lease cannot store over the one who came after', async () => {
  const lists = new ListsInMemory();
  lists.put('outlived', aList(3));
  const held = holdLoads(lists);
  const slow = await aView(lists, { leaseMs: 30 });
  const next = await aView(lists, patient);

  const old = slow.page('outlived', aPage);
  await eventually('the first load has its snapshot', () => held.waiting() === 1);
  const finishSlow = held.letGo;
  // No floor and no event reaches Redis for this one: only the lease stands between the old state and the view.
  lists.change('outlived', rename);
  const page = next.page('outlived', aPage);
  await eventually('the lease has expired and the next one loads', () => held.waiting() === 2);
  finishSlow();
  await eventually('the first one has been refused and loads again, or has found the lease taken', async () => {
    return slow.redis.calls >= 4;
  });
  expect(await next.stored('outlived')).toBeUndefined();
  held.letGo();
  expect(await page).toMatchObject({ revision: 4 });
  await old;
  expect(await next.stored('outlived')).toMatchObject({ revision: 4 });
});

test('a list that changes faster than it is loaded is answered, and just not kept', async () => {
  const lists = new ListsInMemory();
  lists.put('restless', aList(3));
  const view = await aView(lists);
  const consumer = await aView(lists);
  lists.gate = async () => consumer.raiseFloor('restless', lists.change('restless', rename));
  const page = await view.page('restless', aPage);
  expect(page.revision).toBeGreaterThanOrEqual(3);
  expect(await view.stored('restless')).toBeUndefined();
  lists.gate = async () => {};
  await view.page('restless', aPage);
  expect(await view.stored('restless')).toEqual(expect.objectContaining({ revision: lists.of('restless').revision }));
});

test('a load that fails fails its readers, and the next one loads at once', async () => {
  const lists = new ListsInMemory();
  lists.put('failing', aList(3));
  const view = await aView(lists);
  lists.gate = async () => {
    throw new Error('Postgres is away');
  };
  await expect(view.page('failing', aPage)).rejects.toThrow('Postgres is away');
  lists.gate = async () => {};
  expect(await view.page('failing', aPage)).toMatchObject({ totalCount: 3 });
  expect(await view.stored('failing')).toBeDefined();
});

test('a reader who finds the view below its floor waits for the consumer, and nobody loads', async () => {
  const lists = new ListsInMemory();
  lists.put('promised', aList(3));
  const view = await aView(lists, patient);
  await view.whole('promised');
  const revision = lists.change('promised', rename);
  await view.raiseFloor('promised', revision);
  expect(await view.revision('promised')).toBeUndefined();

  const { calls } = view.redis;
  const found = view.find('promised', idOf(1));
  await eventually('the reader has looked and looks again', () => view.redis.calls >= calls + 2);
  await view.apply('promised', revision, rename);
  expect(await found).toMatchObject({ revision, friend: { nickname: 'Zed' } });
  expect(lists.loads).toBe(1);
  expect(await view.revision('promised')).toBe(revision);
});

test('a reader whom the consumer keeps waiting loads the list, and the consumer then finds nothing to do', async () => {
  const lists = new ListsInMemory();
  lists.put('late-consumer', aList(3));
  const view = await aView(lists, { waitForConsumerMs: 10 });
  await view.whole('late-consumer');
  const revision = lists.change('late-consumer', rename);
  await view.raiseFloor('late-consumer', revision);
  expect(await view.find('late-consumer', idOf(1))).toMatchObject({ revision, friend: { nickname: 'Zed' } });
  expect(lists.loads).toBe(2);
  expect(await view.apply('late-consumer', revision, rename)).toEqual({ outcome: 'duplicate' });
});

test('a view that the consumer has brought further than the load in hand is left as it is', async () => {
  const lists = new ListsInMemory();
  lists.put('overtaken', aList(3));
  const view = await aView(lists, { waitForConsumerMs: 0 });
  await view.whole('overtaken');
  const held = holdLoads(lists);
  const fourth = lists.change('overtaken', rename);
  await view.raiseFloor('overtaken', fourth);
  const found = view.find('overtaken', idOf(1));
  await eventually('the load has its snapshot', () => held.waiting() === 1);
  const again: ViewChange = { kind: 'put-friend', friend: aFriend(2, { nickname: 'Yan' }) };
  await view.apply('overtaken', fourth, rename);
  // Its writer has not raised the floor yet.
  await view.apply('overtaken', lists.change('overtaken', again), again);
  held.letGo();
  expect(await found).toMatchObject({ revision: 4 });
  expect(await view.stored('overtaken')).toMatchObject({ revision: 5 });
});

test('a floor that is raised twice, or lowered, stays where it was highest', async () => {
  const lists = new ListsInMemory();
  lists.put('lowered', aList(3));
  const view = await aView(lists, { waitForConsumerMs: 10 });
  await view.whole('lowered');
  lists.change('lowered', rename);
  await view.raiseFloor('lowered', 4);
  await view.raiseFloor('lowered', 2);
  expect((await view.find('lowered', idOf(1))).revision).toBe(4);
});

test('many revisions are read in one round trip; lists without a view are missing', async () => {
  const lists = new ListsInMemory();
  const view = await aView(lists);
  const owners = Array.from({ length: 500 }, (_, number) => `watched-${number}`);
  for (const owner of owners.slice(0, 400)) {
    lists.put(owner, aList(1));
    await view.whole(owner);
  }
  const { calls } = view.redis;
  const revisions = await view.revisions(owners);
  expect(revisions.size).toBe(400);
  expect(revisions.get('watched-7')).toBe(1);
  expect(revisions.has('watched-450')).toBe(false);
  // One to each server that keeps some of them.
  expect(view.redis.calls - calls).toBe(REDIS_KIND === 'cluster' ? 3 : 1);
});

test('different questions about one list share one load', async () => {
  const lists = new ListsInMemory();
  lists.put('questions', aList(50));
  const view = await aView(lists);
  await Promise.all([
    view.whole('questions'),
    view.page('questions', aPage),
    view.page('questions', { ...aPage, text: 'friend 1' }),
    view.find('questions', idOf(1)),
  ]);
  expect(lists.loads).toBe(1);
});
