import { type ChildServer, startRedis } from '@kith/local-servers';
import { expect, test } from 'vitest';
import type { ListState, ViewChange } from './entries/list-state.ts';
import { ViewUnavailable } from './redis/connect-redis.ts';
import { viewKeys } from './redis/view-keys.ts';
import { aFriend, aRequest, idOf, inOrder, ListsInMemory } from './testing/lists-in-memory.ts';
import { type OpenView, openView, TIMELINE } from './testing/open-view.ts';
import { tellRedis } from './testing/tell-redis.ts';

/**
 * Writers, a consumer that lags, repeats and leaves holes, readers and an enemy, all at once, on a few lists. Every read
 * must hold every change promised before it began, and be exactly the list at the revision it names.
 */
const OWNERS = ['ann', 'bob', 'cid'];
const CHANGES = 400;
const READS = 50;

interface World {
  readonly lists: ListsInMemory;
  /** Every state each list has been in, by revision. */
  readonly history: Map<string, ListState[]>;
  readonly promised: Map<string, number>;
  readonly events: { ownerId: string; revision: number; change: ViewChange }[];
  writing: boolean;
  reads: number;
  readonly random: () => number;
}

const breathe = (world: World) => new Promise((resolve) => setTimeout(resolve, Math.floor(world.random() * 3)));
const oneOf = <T>(world: World, items: readonly T[]): T => items[Math.floor(world.random() * items.length)]!;

async function write(world: World, views: readonly OpenView[]): Promise<void> {
  // However slow reads are beside writes: there are some of both.
  for (let count = 0; count < CHANGES || world.reads <= READS; count++) {
    const ownerId = oneOf(world, OWNERS);
    const change = aRandomChange(world, count);
    const revision = world.lists.change(ownerId, change);
    world.history.get(ownerId)![revision] = inOrder(world.lists.of(ownerId));
    world.events.push({ ownerId, revision, change });
    await oneOf(world, views).raiseFloor(ownerId, revision);
    world.promised.set(ownerId, revision);
    await breathe(world);
  }
  world.writing = false;
}

function aRandomChange(world: World, count: number): ViewChange {
  const number = Math.floor(world.random() * 12);
  return oneOf<ViewChange>(world, [
    { kind: 'put-friend', friend: aFriend(number, { nickname: `Name ${count}`, pinned: world.random() < 0.3 }) },
    { kind: 'put-friend', friend: aFriend(number, { remark: `Remark ${count}` }) },
    { kind: 'remove-friend', userId: idOf(number) },
    { kind: 'put-request', request: aRequest(number) },
    { kind: 'remove-request', requestId: idOf(number) },
  ]);
}

/** Applies events in order, after a while; sometimes leaves some out, sometimes brings old ones again. */
async function consume(world: World, views: readonly OpenView[]): Promise<void> {
  for (let next = 0; next < world.events.length || world.writing; ) {
    await breathe(world);
    const at = world.random() < 0.1 ? Math.floor(world.random() * next) : next;
    const event = world.events[at];
    if (!event) continue;
    if (at === next) next++;
    if (world.random() < 0.05) continue;
    await oneOf(world, views).apply(event.ownerId, event.revision, event.change).catch(onlyUnavailable);
  }
}

function onlyUnavailable(error: unknown): void {
  if (!(error instanceof ViewUnavailable)) throw error;
}

async function read(world: World, views: readonly OpenView[]): Promise<void> {
  while (world.writing) {
    const ownerId = oneOf(world, OWNERS);
    const view = oneOf(world, views);
    const promised = world.promised.get(ownerId)!;
    const whole = inOrder(await view.whole(ownerId));
    expect(whole.revision, `${ownerId}: a read began after revision ${promised}`).toBeGreaterThanOrEqual(promised);
    expect(whole).toEqual(world.history.get(ownerId)![whole.revision]);

    const promisedToPage = world.promised.get(ownerId)!;
    const page = await view.page(ownerId, { order: oneOf(world, ['NAME', 'NEWEST']), limit: 100 });
    expect(page.revision).toBeGreaterThanOrEqual(promisedToPage);
    const friends = page.friends.toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
    expect(friends).toEqual(world.history.get(ownerId)![page.revision]!.friends);

    const promisedToPoll = world.promised.get(ownerId)!;
    expect((await view.revision(ownerId)) ?? promisedToPoll).toBeGreaterThanOrEqual(promisedToPoll);
    world.reads++;
    await breathe(world);
  }
}

async function live(views: readonly OpenView[], world: World, harm: () => Promise<unknown>): Promise<void> {
  const enemy = async () => {
    while (world.writing) {
      await breathe(world);
      if (world.random() < 0.2) await harm();
    }
  };
  await Promise.all([
    ...[read(world, views), read(world, views), read(world, views)],
    write(world, views),
    consume(world, views),
    enemy(),
  ]);
}

function aWorld(seed: number): World {
  const lists = new ListsInMemory();
  let state = seed;
  const world: World = {
    lists,
    history: new Map(OWNERS.map((ownerId) => [ownerId, [{ revision: 0, friends: [], requests: [] }]])),
    promised: new Map(OWNERS.map((ownerId) => [ownerId, 0])),
    events: [],
    writing: true,
    reads: 0,
    // Mulberry32 (Ettinger, 2017): a failure names its seed.
    random: () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    },
  };
  lists.gate = () => breathe(world) as Promise<void>;
  return world;
}

test.each([1, 2, 3])(
  'two processes, with keys evicted and everything flushed: every read holds what was promised (seed %d)',
  async (seed) => {
    const server = await startRedis();
    const world = aWorld(seed);
    const views = [await openView(server, world.lists), await openView(server, world.lists)];
    await live(views, world, async () => {
      const key = oneOf(world, viewKeys(oneOf(world, OWNERS), TIMELINE.current));
      await tellRedis(server, world.random() < 0.2 ? 'FLUSHALL' : `DEL ${key}`);
    });
    for (const view of views) await view.close();
    await server.stop();
  },
);

test.each([4, 5])(
  'one process, with Redis killed, restored and hanging: every read holds what was promised (seed %d)',
  async (seed) => {
    let server: ChildServer = await startRedis();
    const world = aWorld(seed);
    const view = await openView(server, world.lists, { commandTimeoutMs: 40, pauseAfterFailureMs: 10 });
    await live([view], world, async () => {
      const harm = world.random();
      if (harm < 0.3) await tellRedis(server, 'SAVE');
      else if (harm < 0.5) await hang(server, world);
      else if (harm < 0.7) server = await restart(server);
      else await breathe(world);
    });
    await view.close();
    await server.stop();
  },
);

async function hang(server: ChildServer, world: World): Promise<void> {
  server.pause();
  await new Promise((resolve) => setTimeout(resolve, world.random() * 100));
  server.resume();
}

/** With the data it last saved, on the same port. */
async function restart(server: ChildServer): Promise<ChildServer> {
  const [, , , , dataFolder] = (await tellRedis(server, 'CONFIG GET dir')).split('\r\n');
  await server.kill();
  const restarted = await startRedis({ port: server.port, dataFolder: dataFolder! });
  return { ...restarted, stop: async () => void (await Promise.all([restarted.stop(), server.stop()])) };
}
