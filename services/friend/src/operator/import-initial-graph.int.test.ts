import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFriendServiceForTest, type TestFriendService } from '../testing/start-friend-service-for-test.ts';

let service: TestFriendService;
beforeAll(async () => {
  service = await startFriendServiceForTest();
});
afterAll(() => service?.stop());

async function operate(path: string, body?: object): Promise<{ status: number; lines: Record<string, never>[] }> {
  const response = await fetch(`${service.url}/operator/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${service.operatorKey}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const lines = (await response.text()).trim().split('\n');
  return { status: response.status, lines: lines.map((line) => JSON.parse(line)) };
}

async function begin(): Promise<string> {
  const { lines } = await operate('initial-import', {});
  return lines[0]!.import!;
}

const stage = (importId: string, pairs: unknown[]) => operate('initial-import/pairs', { import: importId, pairs });
const finish = async (importId: string, pairs: number) =>
  (await operate('initial-import/lists', { import: importId, pairs })).lines.at(-1);

const LIST = 'query ($of: _Any!) { _entities(representations: [$of]) { ... on User { friends { totalCount } } } }';
const CHANGES = `query ($after: String) { friendListChanges(after: $after) {
  cursor revision changes { __typename ... on FriendListSnapshot { reason friends { displayName } } } } }`;

test('a graph comes into an empty system: read lists and clients that watch have it, and everything agrees', async () => {
  const [ann = '', bob = '', cem = ''] = await Promise.all([
    service.users.signUp({ nickname: 'Ann' }),
    service.users.signUp({ nickname: 'Bob' }),
    service.users.signUp({ nickname: 'Cem' }, { heardOf: false }),
  ]);
  const asAnn = await service.as(ann);
  const count = async () =>
    (await asAnn(LIST, { variables: { of: { __typename: 'User', id: ann } } })).data._entities[0].friends.totalCount;
  expect(await count()).toBe(0);
  const stood = (await asAnn(CHANGES, { variables: { after: null } })).data.friendListChanges;
  const pairs = [
    [7, ann, bob],
    [8, cem, ann],
    [9, bob, ann],
  ];

  // Another begins meanwhile: the first can no longer tell what it has sent, and nobody becomes a friend.
  const first = await begin();
  await stage(first, pairs);
  const second = await begin();
  expect(await finish(first, 3)).toMatchObject({ refused: { code: 'BAD_USER_INPUT' } });
  expect(await count()).toBe(0);

  for (const pair of pairs) await stage(second, [pair]);
  expect(await finish(second, 3)).toEqual({ result: { bound: 2, existing: 1, failedCount: 0, failed: [] } });
  expect(await count()).toBe(2);
  const { data } = await asAnn(CHANGES, { variables: { after: stood.cursor } });
  expect(data.friendListChanges).toMatchObject({
    revision: 1,
    changes: [{ __typename: 'FriendListSnapshot', reason: 'CURSOR_EXPIRED', friends: expect.any(Array) }],
  });
  expect(data.friendListChanges.changes[0].friends).toHaveLength(2);

  const { lines } = await operate('reconcile');
  expect(lines.at(-1)).toMatchObject({ result: { differences: 0 } });
  // And it goes on from there as from any other list.
  await operate('import-friendships', { pairs: [[bob, cem]] });
  expect((await operate('reconcile')).lines.at(-1)).toMatchObject({ result: { differences: 0 } });

  const again = await operate('initial-import', {});
  expect(again).toMatchObject({ status: 403, lines: [{ errors: [{ extensions: { code: 'NOT_ALLOWED' } }] }] });
});

test.each([
  ['no pairs', { pairs: [] }],
  [
    'a pair without a line',
    { pairs: [['01980000-0000-7000-8000-000000000000', '01980000-0000-7000-8000-000000000001']] },
  ],
])('a portion of %s is bad input', async (_, body) => {
  const { status } = await operate('initial-import/pairs', { import: '01980000-0000-7000-8000-000000000000', ...body });
  expect(status).toBe(400);
});
