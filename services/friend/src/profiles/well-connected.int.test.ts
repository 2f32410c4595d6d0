import { eventually } from '@kith/local-servers';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFriendServiceForTest, type TestFriendService } from '../testing/start-friend-service-for-test.ts';
import { metaKey } from '../view/redis/view-keys.ts';

/** As many as the best-connected person of the ego-Facebook graph has. */
const FRIENDS = 1_045;

let service: TestFriendService;
let redis: Redis;
let timeline: string;
let ann: string;
let bob: string;
let friends: string[];
beforeAll(async () => {
  service = await startFriendServiceForTest();
  redis = new Redis(service.redis.url);
  timeline = (await service.ask('{ friendListTimeline }')).data.friendListTimeline;
  [ann, bob] = await Promise.all([service.users.signUp(), service.users.signUp()]);
  friends = await Promise.all(Array.from({ length: FRIENDS - 1 }, () => service.users.signUp({}, { heardOf: false })));
  const pairs = [[ann, bob], ...friends.flatMap((friend) => [[ann, friend] as const, [bob, friend] as const])];
  for (let start = 0; start < pairs.length; start += 1_000) {
    const response = await fetch(`${service.url}/operator/import-friendships`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.operatorKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ pairs: pairs.slice(start, start + 1_000) }),
    });
    expect(await response.json()).toMatchObject({ failed: [] });
  }
  // Everybody has a view, as if all were looking at their lists.
  for (const owners of chunksOf([ann, bob, ...friends], 50)) await Promise.all(owners.map(readList));
});
afterAll(async () => {
  redis?.disconnect();
  await service?.stop();
});

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

async function readList(ownerId: string): Promise<number> {
  const ask = await service.as(ownerId);
  const query =
    'query ($of: _Any!) { _entities(representations: [$of]) { ... on User { friends(first: 1) { totalCount } } } }';
  const { data } = await ask(query, { variables: { of: { __typename: 'User', id: ownerId } } });
  return data._entities[0].friends.totalCount;
}

/** Where the views stand in Redis, whatever Postgres says. */
async function revisionsOfViews(owners: readonly string[]): Promise<number[]> {
  const replies = await redis
    .pipeline(owners.map((ownerId) => ['hget', metaKey(ownerId, timeline), 'revision']))
    .exec();
  return replies!.map(([, revision]) => Number(revision));
}

test(`a new nickname moves the ${FRIENDS} lists of somebody’s friends by one revision each`, async () => {
  const owners = [bob, ...friends];
  for (const nickname of ['One', 'Two', 'Three']) {
    const before = await revisionsOfViews(owners);
    await service.users.changeProfile(ann, { nickname });
    await eventually(
      'every view has moved by one',
      async () => (await revisionsOfViews(owners)).every((revision, at) => revision === before[at]! + 1),
      { everyMs: 50 },
    );
  }
});

test('a block between two who know a thousand people each is done, and in both views', async () => {
  const ask = await service.as(ann);
  const before = await revisionsOfViews([ann, bob]);
  const { data } = await ask('mutation ($id: ID!) { blockUser(input: { userId: $id }) { changed } }', {
    variables: { id: bob },
  });
  await eventually(
    'both views have moved',
    async () => (await revisionsOfViews([ann, bob])).every((revision, at) => revision === before[at]! + 1),
    { everyMs: 5 },
  );
  expect(data).toEqual({ blockUser: { changed: true } });
  expect([await readList(ann), await readList(bob)]).toEqual([FRIENDS - 1, FRIENDS - 1]);
});
