import type { FriendData } from '@kith/event-contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ListInHand } from './entries/list-in-hand.ts';
import { BadPageCursor, writeCursor } from './entries/page-cursor.ts';
import { askForFriend } from './questions/ask-for-friend.ts';
import { askForPage, type FriendPage, type PageRequest } from './questions/ask-for-page.ts';
import { anyText } from './testing/any-text.ts';
import { aFriend, aList, aRequest, idOf, inOrder, ListsInMemory } from './testing/lists-in-memory.ts';
import { type OpenView, openView } from './testing/open-view.ts';
import { type RedisForView, startRedisForView } from './testing/start-redis-for-view.ts';

const lists = new ListsInMemory();
let server: RedisForView;
let view: OpenView;
beforeAll(async () => {
  server = await startRedisForView();
  view = await openView(server, lists);
});
afterAll(async () => {
  await view?.close();
  await server?.stop();
});

const aName = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'ä', 'A', ' '), minLength: 1, maxLength: 3 }),
  anyText({ minLength: 1, maxLength: 64 }),
);
const aRandomFriend = fc.record({
  nickname: aName,
  remark: fc.option(aName),
  pinned: fc.boolean(),
  tags: fc.uniqueArray(fc.constantFrom('work', 'workshop', 'ünï\u{1f600}', 'u\u0308nï', 'tab\there', ' '), {
    maxLength: 3,
  }),
  since: fc.constantFrom(
    '2026-01-01T00:00:00.000Z',
    '2026-01-01T00:00:00.001Z',
    '1969-07-20T20:17:00Z',
    '2026-05-31T22:00:00Z',
  ),
  avatarUrl: fc.option(fc.webUrl()),
});
const cursorAfter = ({ order, members }: FriendPage) => writeCursor(order, members.at(-1)!);
const aRandomList = fc
  .array(aRandomFriend, { maxLength: 40 })
  .map((friends) => friends.map((friend, n) => aFriend(n, friend)));
const aRandomQuery = fc.record({
  order: fc.constantFrom('NAME' as const, 'NEWEST' as const),
  limit: fc.integer({ min: 1, max: 12 }),
  text: fc.option(fc.oneof(aName, fc.constantFrom('', ' ', '\u200b', '\u0301', "'", '\u0001')), { nil: undefined }),
  tag: fc.option(fc.constantFrom('work', 'ünï\u{1f600}', 'ünï', 'tab\there', 'none', '', '\0'), { nil: undefined }),
});

test('every page of every list is the same from Redis as from Postgres', async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(aRandomList, aRandomQuery, async (friends, query) => {
      const owner = `random-${number++}`;
      lists.put(owner, { revision: 1, friends, requests: [] });
      await view.whole(owner);
      const inProcess = new ListInHand(lists.of(owner));
      const loads = lists.loads;
      const both = async (request: PageRequest) => {
        const page = await view.page(owner, request);
        expect(page).toEqual(askForPage(request).answer(inProcess));
        return page;
      };

      const seen: FriendData[] = [];
      let page = await both(query);
      for (;;) {
        seen.push(...page.friends);
        if (!page.hasNextPage) break;
        page = await both({ ...query, after: cursorAfter(page) });
      }
      expect(seen).toHaveLength(page.totalCount);
      expect(lists.loads).toBe(loads);
    }),
    { numRuns: 150 },
  );
});

test('a list that changes while it is paged neither repeats nor skips those who stayed', async () => {
  lists.put('changing', aList(30));
  const stayed = new Set(lists.of('changing').friends.map((friend) => friend.userId));
  const seen: string[] = [];
  let page: FriendPage = await view.page('changing', { order: 'NEWEST', limit: 7 });
  for (let number = 100; ; number++) {
    seen.push(...page.friends.map((friend) => friend.userId));
    if (!page.hasNextPage) break;
    const cursor = cursorAfter(page);
    const left = page.friends.at(-1)!.userId;
    for (const change of [
      { kind: 'put-friend', friend: aFriend(number) },
      { kind: 'remove-friend', userId: left },
    ] as const) {
      expect(await view.apply('changing', lists.change('changing', change), change)).toEqual({ outcome: 'applied' });
    }
    page = await view.page('changing', { order: 'NEWEST', limit: 7, after: cursor });
  }
  expect(seen.filter((id) => stayed.has(id))).toEqual([...stayed].reverse());
  expect(new Set(seen).size).toBe(seen.length);
});

test('a list of 5,000 is loaded once, paged to its end, and read whole', async () => {
  lists.put('crowd', { ...aList(5_000), requests: [aRequest(1), aRequest(2)] });
  const loads = lists.loads;
  let count = 0;
  let after: string | undefined;
  do {
    const page: FriendPage = await view.page('crowd', { order: 'NAME', limit: 100, after });
    count += page.friends.length;
    expect(page.totalCount).toBe(5_000);
    after = page.hasNextPage ? cursorAfter(page) : undefined;
  } while (after);
  expect(count).toBe(5_000);
  expect(inOrder(await view.whole('crowd'))).toEqual(inOrder(lists.of('crowd')));
  expect(await view.page('crowd', { order: 'NAME', limit: 5, text: 'friend 4999' })).toMatchObject({ totalCount: 1 });
  expect(lists.loads - loads).toBe(1);
});

test('one friend is found, and nobody else', async () => {
  lists.put('finder', aList(3));
  await view.whole('finder');
  expect(await view.find('finder', idOf(1))).toEqual({ revision: 3, friend: aFriend(1) });
  expect(await view.find('finder', idOf(9))).toEqual({ revision: 3, friend: null });
  const list = new ListInHand(lists.of('finder'));
  expect(askForFriend(idOf(1)).answer(list)).toEqual(await view.find('finder', idOf(1)));
});

test('somebody without friends has an empty page, kept like any other', async () => {
  const loads = lists.loads;
  for (let times = 0; times < 3; times++) {
    const page = await view.page('lonely', { order: 'NAME', limit: 10 });
    expect(page).toEqual({
      revision: 0,
      totalCount: 0,
      friends: [],
      order: 'NAME',
      members: [],
      hasNextPage: false,
      hasPreviousPage: false,
    });
  }
  expect(lists.loads - loads).toBe(1);
});

test('a cursor from outside that is none is refused by name, before Redis is asked', async () => {
  const { calls } = view.redis;
  await expect(view.page('finder', { order: 'NAME', limit: 5, after: 'x' })).rejects.toThrow(BadPageCursor);
  expect(view.redis.calls).toBe(calls);
});
