import { eventually } from '@kith/local-servers';
import { register } from '@prometheus-io/client';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ViewChange } from '../entries/list-state.ts';
import { viewKeys } from '../redis/view-keys.ts';
import { aFriend, aList, aRequest, idOf, inOrder, ListsInMemory } from '../testing/lists-in-memory.ts';
import { type OpenView, openView, TIMELINE } from '../testing/open-view.ts';
import { type RedisForView, startRedisForView } from '../testing/start-redis-for-view.ts';

const lists = new ListsInMemory();
let server: RedisForView;
let redis: Redis | Cluster;
let view: OpenView;
beforeAll(async () => {
  server = await startRedisForView();
  redis = clientOf(server.url);
  view = await openView(server, lists, { compareEveryMs: 1 });
});
afterAll(async () => {
  redis?.disconnect();
  await view?.close();
  await server?.stop();
});

/** A list of servers is a cluster's. */
function clientOf(url: string): Redis | Cluster {
  const nodes = url.split(',').map((each) => new URL(each));
  const [{ username, password }] = nodes as [URL];
  if (nodes.length === 1) return new Redis(url);
  return new Cluster(
    nodes.map(({ hostname, port }) => ({ host: hostname, port: Number(port) })),
    { redisOptions: { username, password: decodeURIComponent(password) } },
  );
}

const NAMES = ['meta', 'byName', 'newest', 'friends', 'requests', 'lease'] as const;
type Keys = Record<(typeof NAMES)[number], string>;
type Spoil = (keys: Keys) => Promise<unknown>;

const friendsEntry = async (keys: Keys) => (await redis.hget(keys.friends, idOf(1)))!;
const numberAs =
  (field: string, value: string): Spoil =>
  ({ meta }) =>
    redis.hset(meta, field, value);
const asText =
  (name: keyof Keys): Spoil =>
  async (keys) => {
    await redis.del(keys[name]);
    await redis.set(keys[name], 'no such thing');
  };
const asEntry =
  (write: (entry: string) => string): Spoil =>
  async (keys) =>
    redis.hset(keys.friends, idOf(1), write(await friendsEntry(keys)));
const asFriend = (friend: unknown): Spoil =>
  asEntry((entry) => `${entry.slice(0, entry.lastIndexOf('\n'))}\n${JSON.stringify(friend)}`);
const asRequest =
  (json: string): Spoil =>
  (keys) =>
    redis.hset(keys.requests, idOf(1), json);
const anotherMember =
  (order: 'byName' | 'newest', member: (first: string) => string): Spoil =>
  async (keys) => {
    const [first] = await redis.zrange(keys[order], 0, '0');
    if (first) await redis.zrem(keys[order], first);
    await redis.zadd(keys[order], '0', member(first ?? ''));
  };

/** What `inspect` finds by itself; of the others only Postgres knows better. */
const unreadable: [string, Spoil][] = [
  ['an entry that is no JSON', asEntry(() => 'garbage')],
  ['an entry without text', asEntry(() => '')],
  ['an entry whose JSON is cut', asEntry((entry) => entry.slice(0, -5))],
  ['an entry that is null', asFriend(null)],
  ['an entry that is a number', asFriend(7)],
  ['an entry without tags', asFriend({ ...aFriend(1), tags: undefined })],
  ['an entry whose tags are numbers', asFriend({ ...aFriend(1), tags: [1] })],
  ['an entry whose time is none', asFriend({ ...aFriend(1), since: 'yesterday' })],
  ['an entry of another friend', asFriend(aFriend(2))],
  ['an entry too many', ({ friends }) => redis.hset(friends, idOf(9), 'x')],
  ['an entry too few', ({ friends }) => redis.hdel(friends, idOf(1))],
  ['a request that is no JSON', asRequest('{')],
  ['a request that is null', asRequest('null')],
  ['a request without a time', asRequest(JSON.stringify({ ...aRequest(1), sentAt: undefined }))],
  ['a request too many', ({ requests }) => redis.hset(requests, idOf(9), '{}')],
  ['a friend missing from the order by name', ({ byName }) => redis.zremrangebyrank(byName, 0, 0)],
  ['a friend missing from the order newest first', ({ newest }) => redis.zremrangebyrank(newest, 0, 0)],
  ['a stranger in the order by name', anotherMember('byName', () => `1a\0${idOf(77)}`)],
  ['a stranger newest first', anotherMember('newest', (first) => `${first.slice(0, 17)}\0${idOf(77)}`)],
  ['a friend at another place by name', anotherMember('byName', (first) => `1zzz${first.slice(first.indexOf('\0'))}`)],
  ['a member that is no member', anotherMember('byName', () => 'garbage')],
  ...['abc', '', '-1', 'nan', 'inf', '1e9', '3.5', '99999999999999999999'].flatMap((number): [string, Spoil][] =>
    ['revision', 'floor', 'friends', 'requests'].map((field) => [`"${number}" as ${field}`, numberAs(field, number)]),
  ),
  ['another count of friends', numberAs('friends', '7')],
  ['no count of requests', ({ meta }) => redis.hdel(meta, 'requests')],
  ...NAMES.map((name): [string, Spoil] => [`text as ${name}`, asText(name)]),
  ['a lease whose floor is none', ({ lease }) => redis.hset(lease, 'token', 'x', 'floor', 'much')],
];
const contradictory: [string, Spoil][] = [
  ['a revision too high', numberAs('revision', '900')],
  ['a revision too high, and its floor too', ({ meta }) => redis.hset(meta, 'revision', 900, 'floor', 900)],
  ['a floor too high', numberAs('floor', '900')],
  ['a floor above anything, and no view', ({ lease }) => redis.hset(lease, 'floor', '999999999999999')],
  [
    'a lease that never ends',
    async ({ lease, meta }) => {
      await redis.del(meta);
      await redis.hset(lease, 'token', 'nobody');
    },
  ],
];

async function aSpoiledList(owner: string, spoil: Spoil): Promise<void> {
  lists.put(owner, { ...aList(3, 5), requests: [aRequest(1)] });
  await view.whole(owner);
  const keys = viewKeys(owner, TIMELINE.current);
  await spoil(Object.fromEntries(NAMES.map((name, at) => [name, keys[at]])) as Keys);
}

const droppedSoFar = async () => (await register.getSingleMetric('kith_views_dropped_total')!.get()).values[0]!.value;

test.each([...unreadable, ...contradictory])(
  '%s: every way of reading gets the list, and a whole view stands again',
  async (name, spoil) => {
    const asked = {
      whole: async (owner: string) => inOrder(await view.whole(owner)),
      byName: (owner: string) => view.page(owner, { order: 'NAME', limit: 20 }),
      newest: (owner: string) => view.page(owner, { order: 'NEWEST', limit: 20 }),
      found: (owner: string) => view.page(owner, { order: 'NAME', limit: 20, text: 'friend' }),
      friend: (owner: string) => view.find(owner, idOf(1)),
      revision: async (owner: string) => (await view.revision(owner)) ?? lists.of(owner).revision,
    };
    await aSpoiledList(`whole of ${name}`, async () => undefined);
    for (const [way, ask] of Object.entries(asked)) {
      const right = await ask(`whole of ${name}`);
      const owner = `${way} of ${name}`;
      await aSpoiledList(owner, spoil);
      // The parts that this way does not look at may be as they are; what is answered is right, at the latest after a
      // comparison with Postgres.
      await eventually(`${way} is right`, async () => JSON.stringify(await ask(owner)) === JSON.stringify(right));
      expect(await ask(owner)).toEqual(right);
      await view.whole(owner);
      await view.page(owner, { order: 'NAME', limit: 20 });
      await view.page(owner, { order: 'NEWEST', limit: 20 });
      await view.find(owner, idOf(1));
      await eventually('the view is whole', async () => {
        const { state, faults } = await view.inspect(owner);
        // A lease matters to who loads, and nobody has to while the view is whole.
        if (/lease/.test(name)) await view.rebuild(owner);
        await view.whole(owner);
        return faults.length === 0 && state?.revision === 5;
      });
    }
  },
);

test.each(unreadable)('%s: the next change of the list is shown', async (name, spoil) => {
  const owner = `changing, ${name}`;
  await aSpoiledList(owner, spoil);
  const change: ViewChange = { kind: 'put-friend', friend: aFriend(1, { nickname: 'Zed' }) };
  const revision = lists.change(owner, change);
  await view.raiseFloor(owner, revision);
  expect((await view.find(owner, idOf(1))).friend?.nickname).toBe('Zed');
  await view.apply(owner, revision, change);
  expect(inOrder(await view.whole(owner))).toEqual(inOrder(lists.of(owner)));
});

test.each(unreadable)('%s: is named by who inspects the view', async (name, spoil) => {
  await aSpoiledList(`named, ${name}`, spoil);
  const { faults } = await view.inspect(`named, ${name}`);
  expect(faults).not.toEqual([]);
});

test.each(contradictory)('%s: a change made by this process is read at once', async (name, spoil) => {
  const owner = `own write, ${name}`;
  await aSpoiledList(owner, spoil);
  const change: ViewChange = { kind: 'put-friend', friend: aFriend(1, { nickname: 'Zed' }) };
  await view.raiseFloor(owner, lists.change(owner, change));
  expect((await view.find(owner, idOf(1))).friend?.nickname).toBe('Zed');
});

test('a view that is dropped is counted, and whole ones are not', async () => {
  const before = await droppedSoFar();
  await aSpoiledList('counted', async () => undefined);
  await view.whole('counted');
  expect(await droppedSoFar()).toBe(before);
  await aSpoiledList(
    'counted',
    asEntry(() => 'garbage'),
  );
  await view.whole('counted');
  expect(await droppedSoFar()).toBe(before + 1);
});

test('one spoiled view among many costs the others nothing', async () => {
  await aSpoiledList('beside', async () => undefined);
  await aSpoiledList('broken', asText('meta'));
  expect(await view.revisions(['beside', 'broken'])).toEqual(new Map([['beside', 5]]));
});
