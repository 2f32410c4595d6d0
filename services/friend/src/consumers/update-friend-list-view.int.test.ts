import { type ChildServer, eventually, startRedis } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FriendListEvent } from '../lists/list-change.ts';
import { loadList } from '../lists/load-list.ts';
import { loadRevisions } from '../lists/load-revisions.ts';
import { readEvents } from '../lists/read-events.ts';
import { type FriendDatabase, openFriendDatabase } from '../testing/open-friend-database.ts';
import { createFriendListView, type FriendListView } from '../view/friend-list-view.ts';
import { connectRedis, type ViewRedis } from '../view/redis/connect-redis.ts';
import { inOrder } from '../view/testing/lists-in-memory.ts';
import { quietLog } from '../view/testing/quiet-log.ts';
import { updateFriendListView } from './update-friend-list-view.ts';

let db: FriendDatabase;
let server: ChildServer;
let redis: ViewRedis;
let view: FriendListView;
beforeAll(async () => {
  [db, server] = await Promise.all([openFriendDatabase(), startRedis()]);
  const log = quietLog();
  redis = connectRedis({ url: server.url, timeline: { current: 'test' }, log });
  view = createFriendListView({
    redis,
    load: (ownerId) => loadList(db.pool, ownerId),
    loadRevisions: (ownerIds) => loadRevisions(db.pool, ownerIds),
    log,
  });
  await eventually('Redis answers', () => redis.connected);
});
afterAll(async () => {
  view?.stop();
  await redis?.close();
  await server?.stop();
  await db?.close();
});

const announced: { subject: string; revision: number; nickname?: string }[] = [];
let isOfThisTime = true;
const handle = (event: FriendListEvent) =>
  updateFriendListView({
    view,
    timeline: { current: '0197a000-0000-4000-8000-000000000001', holds: async () => isOfThisTime },
    announce: (subject, payload) => announced.push({ subject, ...JSON.parse(payload).change }),
    events: (ownerId, after, limit) => readEvents(db.pool, ownerId, after, limit),
  }).handle(event);

/** Ann and her friend; the view of Ann's list is filled, and `remark` changes it. */
async function aList() {
  const [ann, bob] = (await db.people(2)) as [string, string];
  const change = (...remarks: string[]) =>
    db.relationships.change({ viewerId: ann, otherId: bob }, (r) => {
      for (const remark of remarks) r.update({ remark });
    });
  await db.relationships.change({ viewerId: ann, otherId: bob }, (r) => r.bind());
  await view.whole(ann);
  announced.length = 0;
  return {
    ann,
    change,
    events: () => readEvents(db.pool, ann, 0, 10_000),
    stored: async () => {
      const stored = await view.stored(ann);
      return stored && inOrder(stored);
    },
    inPostgres: async () => inOrder(await loadList(db.pool, ann)),
    announcedRevisions: () => announced.map(({ revision }) => revision),
  };
}

test('an event of a time that was lost changes no view, and nobody is told of it', async () => {
  const list = await aList();
  await list.change('of the lost time');
  const before = await list.stored();
  isOfThisTime = false;
  for (const event of await list.events()) await handle(event);
  isOfThisTime = true;
  expect([await list.stored(), announced]).toEqual([before, []]);
});

test('changes are applied in order, then announced in the shape the subgraph answers', async () => {
  const list = await aList();
  await list.change('one');
  await list.change('two');
  for (const event of await list.events()) await handle(event);
  expect(await list.stored()).toEqual(await list.inPostgres());
  expect(announced.at(-1)).toMatchObject({
    subject: `live.friend-list.${list.ann}`,
    __typename: 'FriendChanged',
    revision: 3,
    friend: { __typename: 'Friend', remark: 'two', displayName: 'two', user: { __typename: 'User' } },
  });
});

test('a list that was imported takes the place of its view, and nobody is told of it as a change', async () => {
  const { ann, events } = await aList();
  const [added] = await events();
  if (added?.name !== 'kith.friend.added') throw new Error('A list begins with a friend.');
  const data = { friends: [added.data.friend], part: 1, parts: 1 };
  expect(await view.stored(ann)).toMatchObject({ revision: 1 });
  await handle({ ...added, name: 'kith.friend.list-imported', revision: 2, data });
  expect(await view.stored(ann)).toBeUndefined();
  expect(announced).toEqual([]);
});

test('a duplicate, or an event that comes after a later one, changes nothing', async () => {
  const list = await aList();
  await list.change('one');
  await list.change('two');
  const [, one, two] = await list.events();
  for (const event of [one, two, one, two, one]) await handle(event!);
  expect(await list.stored()).toEqual(await list.inPostgres());
});

test('a hole is closed from the outbox, whoever comes first', async () => {
  const list = await aList();
  for (const remark of ['one', 'two', 'three', 'four']) await list.change(remark);
  const events = await list.events();
  await handle(events.at(-1)!);
  expect(await list.stored()).toEqual(await list.inPostgres());
  for (const event of events.toReversed()) await handle(event);
  expect(await list.stored()).toEqual(await list.inPostgres());
});

test('a hole too long to walk is left to the next reader, who loads the list anew', async () => {
  const list = await aList();
  await list.change(...Array.from({ length: 502 }, (_, n) => `remark ${n}`));
  const events = await list.events();
  await handle(events.at(-1)!);
  expect((await list.stored())?.revision).toBe(1);
  const page = await view.page(list.ann, { order: 'NAME', limit: 1 });
  expect([page.revision, page.friends[0]?.remark]).toEqual([503, 'remark 501']);
});

test('while Redis is down a change is announced all the same, and tried again until the view has it', async () => {
  const list = await aList();
  await list.change('while it is down');
  const event = (await list.events()).at(-1)!;
  server.pause();
  try {
    await expect(handle(event)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  } finally {
    server.resume();
  }
  expect(list.announcedRevisions()).toEqual([2]);
  await eventually('the event is handled when it comes again', () => handle(event).then(() => true));
  expect(await list.stored()).toEqual(await list.inPostgres());
});

test('while Redis is down, what waits behind a change on its list is announced with it', async () => {
  const list = await aList();
  await list.change('one', 'two', 'three');
  const [, first] = await list.events();
  server.pause();
  try {
    await expect(handle(first!)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  } finally {
    server.resume();
  }
  expect(list.announcedRevisions()).toEqual([2, 3, 4]);
});
