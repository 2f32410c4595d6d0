import { eventually } from '@kith/local-servers';
import { createLog } from '@kith/service-kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestLists } from '../lists/digest-lists.ts';
import { startFriendServiceForTest, type TestFriendService } from '../testing/start-friend-service-for-test.ts';
import { digestViews } from '../view/digest-views.ts';
import { connectRedis, type ViewRedis } from '../view/redis/connect-redis.ts';
import { viewKeys } from '../view/redis/view-keys.ts';
import { tellRedis } from '../view/testing/tell-redis.ts';

let service: TestFriendService;
let redis: ViewRedis;
let timeline: { current: string };
beforeAll(async () => {
  service = await startFriendServiceForTest();
  const { rows } = await service.pool.query('SELECT id FROM timeline ORDER BY started_at DESC LIMIT 1');
  timeline = { current: rows[0].id };
  const log = createLog({ name: 'test', level: 'silent' });
  redis = connectRedis({ url: service.redis.urlOf('friend'), timeline, log, commandTimeoutMs: 30_000 });
  await eventually('Redis answers', () => redis.connected);
});
afterAll(async () => {
  await redis?.close();
  await service?.stop();
});

function operate(path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${service.operatorKey}`, 'content-type': 'application/json' };
  if (body === undefined) return fetch(`${service.url}/operator/${path}`, { headers });
  return fetch(`${service.url}/operator/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function differencesOf(owner: string): Promise<{ check: string; detail: string }[]> {
  const lines = (await (await operate('reconcile')).text()).trim().split('\n');
  return lines
    .flatMap((line) => JSON.parse(line).difference ?? [])
    .filter((difference: { owner: string }) => difference.owner === owner);
}

const ODD = 'a "quoted" \\ back/slash, é́, 𝄞';
/** What nobody may write now, but older rows hold. */
const ODDER = 'tab\there, \u0001, \u2028 and \u007f';

/** Ann, with a view: a friend whose every text is odd, and an open request with a message. */
async function annAndBob(): Promise<[string, string]> {
  const [ann, bob, cyd] = [
    await service.users.signUp(),
    await service.users.signUp({ nickname: ODD + ODDER, avatarUrl: 'https://x.example/é?a=%22' }),
    await service.users.signUp({ friendPolicy: 'APPROVAL' }),
  ] as const;
  await operate('import-friendships', {
    pairs: [
      [ann, bob],
      [ann, await service.users.signUp()],
    ],
  });
  await operate('rebuild-views', { owners: [ann, bob] });
  const asAnn = await service.as(ann);
  const { errors } = await asAnn(
    `mutation ($bob: ID!, $cyd: ID!, $text: String!) {
      updateFriend(input: { userId: $bob, remark: $text, pinned: true, tags: ["x y", "é\\"q"] }) { __typename }
      addFriend(input: { userId: $cyd, message: $text }) { __typename }
    }`,
    { variables: { bob, cyd, text: ODD } },
  );
  expect(errors).toBeUndefined();
  return [ann, bob];
}

const bothDigests = async (owner: string) => [
  (await digestViews(redis, [owner])).get(owner)?.digest,
  (await digestLists(service.pool, [owner])).get(owner),
];

test('a view that was loaded, and one to which changes were applied, has the digest of its rows', async () => {
  const [ann, bob] = await annAndBob();
  await eventually('the changes are applied', async () => {
    const [ofView, ofRows] = await bothDigests(ann);
    return ofView !== undefined && ofView === ofRows;
  });
  await operate('rebuild-views', { owners: [ann] });
  const [ofView, ofRows] = await bothDigests(ann);
  expect(ofView).toMatch(/^[0-9a-f]{40}$/);
  expect(ofView).toBe(ofRows);
  await service.pool.query('UPDATE friend SET pinned = false WHERE owner_id = $1 AND friend_id = $2', [ann, bob]);
  expect((await bothDigests(ann))[1]).not.toBe(ofView);
});

test('who has no view costs no digest, and is missing', async () => {
  const dan = await service.users.signUp();
  expect([...(await digestViews(redis, [dan]))]).toEqual([]);
});

test.each([
  ['an order that lacks a friend', (key: Keys) => `ZADD ${key.byName} 0 nobody`],
  ['a friend under another id', (key: Keys) => `HSET ${key.friends} x garbage`],
  ['a number that is none', (key: Keys) => `HSET ${key.meta} revision 1e3`],
  ['a key of another type', (key: Keys) => `SET ${key.requests} x`],
  ['a lease whose floor is no number', (key: Keys) => `HSET ${key.lease} floor nan`],
])('%s has no digest, and is inspected', async (_, spoil) => {
  const [ann] = await annAndBob();
  await operate('rebuild-views', { owners: [ann] });
  const [meta, byName, newest, friends, requests, lease] = viewKeys(ann, timeline.current) as [
    ...[string, string, string, string, string, string],
  ];
  await tellRedis(service.redis, spoil({ meta, byName, newest, friends, requests, lease }));
  const digests = await digestViews(redis, [ann]);
  expect([...digests]).toEqual([[ann, undefined]]);
});

type Keys = Record<'meta' | 'byName' | 'newest' | 'friends' | 'requests' | 'lease', string>;

test('one profile in a range, one entry in a view, and a stranger are each found behind equal ones', async () => {
  const [ann, bob] = await annAndBob();
  await eventually('nothing differs', async () => (await differencesOf(ann)).length === 0);
  await service.pool.query("UPDATE friend SET remark = 'past the view' WHERE owner_id = $1 AND friend_id = $2", [
    ann,
    bob,
  ]);
  expect(await differencesOf(ann)).toEqual([
    expect.objectContaining({ check: 'views', detail: `friend ${bob} is not as in Postgres` }),
  ]);
  await service.pool.query('UPDATE profile SET avatar_url = NULL WHERE user_id = $1', [bob]);
  expect(await differencesOf(bob)).toContainEqual(
    expect.objectContaining({ check: 'copies', detail: 'the copy is not the profile of version 1' }),
  );
});

test('a user service that is older and knows no digests is asked page by page', async () => {
  const [, bob] = await annAndBob();
  service.users.becomeOlder();
  await eventually('the copy is not known to differ', async () => {
    return !(await differencesOf(bob)).some(({ check }) => check === 'copies');
  });
  await service.pool.query("UPDATE profile SET nickname = 'somebody else' WHERE user_id = $1", [bob]);
  expect(await differencesOf(bob)).toContainEqual(expect.objectContaining({ check: 'copies' }));
});
