import { type ChildServer, eventually, startRedis } from '@kith/local-servers';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ViewChange } from './entries/list-state.ts';
import { ViewUnavailable } from './redis/connect-redis.ts';
import { viewKeys } from './redis/view-keys.ts';
import { aFriend, aList, aRequest, idOf, inOrder, ListsInMemory } from './testing/lists-in-memory.ts';
import { type OpenView, openView, TIMELINE } from './testing/open-view.ts';
import { tellRedis } from './testing/tell-redis.ts';

const lists = new ListsInMemory();
let server: ChildServer;
let view: OpenView;
beforeAll(async () => {
  server = await startRedis();
  view = await openView(server, lists);
});
afterAll(async () => {
  await view?.close();
  await server?.stop();
});

const rename = (number: number, nickname: string): ViewChange => ({
  kind: 'put-friend',
  friend: aFriend(number, { nickname }),
});

async function listOf(owner: string, length: number): Promise<void> {
  lists.put(owner, aList(length));
  await view.whole(owner);
}

test('a redelivered event changes the list once', async () => {
  await listOf('again', 3);
  const change = rename(1, 'Zed');
  const revision = lists.change('again', change);
  expect(await view.apply('again', revision, change)).toEqual({ outcome: 'applied' });
  expect(await view.apply('again', revision, change)).toEqual({ outcome: 'duplicate' });
  expect(await view.stored('again')).toMatchObject({ revision: 4 });
});

test('an event that comes after a later one changes nothing', async () => {
  await listOf('late', 3);
  const early = rename(1, 'Early');
  const earlyRevision = lists.change('late', early);
  const late = rename(1, 'Late');
  const lateRevision = lists.change('late', late);
  await view.apply('late', earlyRevision, early);
  await view.apply('late', lateRevision, late);
  expect(await view.apply('late', earlyRevision, early)).toEqual({ outcome: 'duplicate' });
  expect((await view.find('late', idOf(1))).friend?.nickname).toBe('Late');
});

test('an event that skips others is not applied, and the missing ones close the hole', async () => {
  await listOf('hole', 3);
  const changes = ['One', 'Two', 'Three'].map((name) => rename(1, name));
  const revisions = changes.map((change) => lists.change('hole', change));
  expect(await view.apply('hole', revisions[2]!, changes[2]!)).toEqual({ outcome: 'hole', viewRevision: 3 });
  expect(await view.stored('hole')).toMatchObject({ revision: 3 });
  for (const [place, revision] of revisions.entries()) {
    expect(await view.apply('hole', revision, changes[place]!)).toEqual({ outcome: 'applied' });
  }
  expect((await view.find('hole', idOf(1))).friend?.nickname).toBe('Three');
});

test('a view known to have a hole is not shown to readers', async () => {
  await listOf('known-hole', 3);
  const [one, two] = [rename(1, 'One'), rename(1, 'Two')];
  lists.change('known-hole', one);
  await view.apply('known-hole', lists.change('known-hole', two), two);
  expect(await view.revision('known-hole')).toBeUndefined();
  expect(await view.find('known-hole', idOf(1))).toMatchObject({ revision: 5, friend: { nickname: 'Two' } });
});

test('an event for a list without a view says so and makes none', async () => {
  expect(await view.apply('nobody', 1, rename(1, 'Ann'))).toEqual({ outcome: 'no-view' });
  expect(await view.stored('nobody')).toBeUndefined();
  expect(await tellRedis(server, 'KEYS *{nobody}*')).toBe('*0\r\n');
});

test('after any sequence of changes the view holds what Postgres holds, in both orders', async () => {
  const number = fc.integer({ min: 0, max: 9 });
  const aChange: fc.Arbitrary<ViewChange> = fc.oneof(
    fc
      .tuple(
        number,
        fc.record({ nickname: fc.string({ minLength: 1 }), pinned: fc.boolean(), remark: fc.option(fc.string()) }),
      )
      .map(([n, details]) => ({ kind: 'put-friend' as const, friend: aFriend(n, details) })),
    number.map((n) => ({ kind: 'remove-friend' as const, userId: idOf(n) })),
    number.map((n) => ({ kind: 'put-request' as const, request: aRequest(n) })),
    number.map((n) => ({ kind: 'remove-request' as const, requestId: idOf(n) })),
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(aChange, { maxLength: 30 }), async (changes) => {
      const owner = `sequence-${run++}`;
      await view.whole(owner);
      for (const change of changes) {
        expect(await view.apply(owner, lists.change(owner, change), change)).toEqual({ outcome: 'applied' });
      }
      expect(inOrder((await view.stored(owner))!)).toEqual(inOrder(lists.of(owner)));
      const kept = await view.page(owner, { order: 'NAME', limit: 100 });
      const newest = await view.page(owner, { order: 'NEWEST', limit: 100 });
      await view.rebuild(owner);
      expect(await view.page(owner, { order: 'NAME', limit: 100 })).toEqual(kept);
      expect(await view.page(owner, { order: 'NEWEST', limit: 100 })).toEqual(newest);
    }),
    { numRuns: 60 },
  );
});

test('open requests are kept beside the friends, oldest first', async () => {
  await view.whole('asked');
  for (const number of [3, 1, 2]) {
    const change: ViewChange = { kind: 'put-request', request: aRequest(number) };
    await view.apply('asked', lists.change('asked', change), change);
  }
  const close: ViewChange = { kind: 'remove-request', requestId: idOf(2) };
  await view.apply('asked', lists.change('asked', close), close);
  expect(await view.whole('asked')).toEqual({ revision: 4, friends: [], requests: [aRequest(1), aRequest(3)] });
});

test.each(['meta', 'by-name', 'newest', 'friends', 'requests'])(
  'a view that has lost its %s counts as none: to readers, to changes, to reconciling',
  async (part) => {
    const owner = `without-${part}`;
    lists.put(owner, { ...aList(3), requests: [aRequest(1)] });
    await view.whole(owner);
    const loads = lists.loads;
    await tellRedis(server, `DEL ${viewKeys(owner, TIMELINE.current).find((key) => key.endsWith(part))}`);
    expect(await view.stored(owner)).toBeUndefined();
    expect(await view.apply(owner, lists.change(owner, rename(1, 'Zed')), rename(1, 'Zed'))).toEqual({
      outcome: 'no-view',
    });
    expect(inOrder(await view.whole(owner))).toEqual(inOrder(lists.of(owner)));
    expect(lists.loads - loads).toBe(1);
    expect(await view.stored(owner)).toBeDefined();
  },
);

test('reading prolongs a view, changing does not, and all its parts end together', async () => {
  const brief = await openView(server, lists, { expireAfterMs: 60_000 });
  lists.put('sliding', aList(2));
  await brief.whole('sliding');
  const expiries = async () =>
    Promise.all(
      viewKeys('sliding', TIMELINE.current).map(async (key) =>
        Number((await tellRedis(server, `PEXPIRETIME ${key}`)).slice(1)),
      ),
    );
  for (const key of viewKeys('sliding', TIMELINE.current)) await tellRedis(server, `PEXPIRE ${key} 20000`);
  const shortened = Math.max(...(await expiries()));

  const change: ViewChange = { kind: 'put-request', request: aRequest(1) };
  await brief.apply('sliding', lists.change('sliding', change), change);
  const changed = (await expiries()).slice(0, 5);
  expect(new Set(changed).size).toBe(1);
  expect(changed[0]).toBeLessThanOrEqual(shortened);

  await brief.page('sliding', { order: 'NAME', limit: 1 });
  const read = (await expiries()).slice(0, 5);
  expect(new Set(read).size).toBe(1);
  expect(read[0]! - changed[0]!).toBeGreaterThan(30_000);
  await brief.close();
});

test('a view that nobody reads goes', async () => {
  const brief = await openView(server, lists, { expireAfterMs: 50 });
  await brief.whole('forgotten');
  await eventually('the view is gone', async () => (await tellRedis(server, 'KEYS *{forgotten}*')) === '*0\r\n');
  await brief.close();
});

test('a Redis that is full shows no old view: it is forgotten, and read from Postgres', async () => {
  const full = await startRedis();
  const crowded = await openView(full, lists);
  lists.put('squeezed', aList(3));
  lists.put('floored', aList(3));
  await crowded.whole('squeezed');
  await crowded.whole('floored');
  await tellRedis(full, 'CONFIG SET maxmemory 1');

  const change = rename(1, 'Zed');
  expect(await crowded.apply('squeezed', lists.change('squeezed', change), change)).toEqual({ outcome: 'no-view' });
  expect(await crowded.find('squeezed', idOf(1))).toMatchObject({ revision: 4, friend: { nickname: 'Zed' } });
  await crowded.raiseFloor('floored', lists.change('floored', change));
  expect(await crowded.find('floored', idOf(1))).toMatchObject({ revision: 4, friend: { nickname: 'Zed' } });

  await tellRedis(full, 'CONFIG SET maxmemory 0');
  await crowded.whole('squeezed');
  expect(await crowded.stored('squeezed')).toMatchObject({ revision: 4 });
  await crowded.close();
  await full.stop();
});

test('a Redis that takes no change at all, not even a deletion, shows no old view to whoever changed the list', async () => {
  const readOnly = await startRedis();
  const writer = await openView(readOnly, lists);
  lists.put('frozen', aList(3));
  await writer.whole('frozen');
  await tellRedis(readOnly, 'CONFIG SET min-replicas-to-write 1');
  const change = rename(1, 'Zed');
  const revision = lists.change('frozen', change);
  await expect(writer.apply('frozen', revision, change)).rejects.toThrow(ViewUnavailable);
  await writer.raiseFloor('frozen', revision);
  expect(await writer.revision('frozen')).toBeUndefined();
  expect(await writer.find('frozen', idOf(1))).toMatchObject({ revision: 4, friend: { nickname: 'Zed' } });
  await writer.close();
  await readOnly.stop();
});

test('rebuilding replaces a view that is wrong, even one that claims to be newer than Postgres', async () => {
  await listOf('restored', 5);
  lists.put('restored', aList(2));
  expect(await view.rebuild('restored')).toBe(2);
  expect(inOrder((await view.stored('restored'))!)).toEqual(inOrder(lists.of('restored')));
});
