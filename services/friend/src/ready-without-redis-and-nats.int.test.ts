import { askWhetherReady, eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFriendServiceForTest, type TestFriendService } from './testing/start-friend-service-for-test.ts';

let friend: TestFriendService;
beforeAll(async () => {
  friend = await startFriendServiceForTest();
});
afterAll(() => friend?.stop());

test('without Redis and NATS lists are changed and read, so that it is ready, and says what it misses', async () => {
  const [ann, bob] = [await friend.users.signUp(), await friend.users.signUp()];
  const asAnn = await friend.as(ann);
  await Promise.all([friend.redis.kill(), friend.nats.kill()]);
  await eventually('the service to know', async () => (await askWhetherReady(friend.url)).missing.length === 2);
  expect(await askWhetherReady(friend.url)).toEqual({ ready: true, missing: ['redis', 'nats'] });
  expect((await fetch(`${friend.url}/ready`)).status).toBe(200);

  const block = 'mutation ($input: BlockUserInput!) { blockUser(input: $input) { listCursor } }';
  expect((await asAnn(block, { variables: { input: { userId: bob } } })).errors).toBeUndefined();
  const read = `query ($representations: [_Any!]!) {
    _entities(representations: $representations) {
      ... on User { friends(first: 1) { totalCount } blockedUsers { edges { node { id } } } }
    }
  }`;
  const representations = [{ __typename: 'User', id: ann }];
  const { data } = await asAnn(read, { variables: { representations } });
  expect(data._entities).toEqual([{ friends: { totalCount: 0 }, blockedUsers: { edges: [{ node: { id: bob } }] } }]);
});
