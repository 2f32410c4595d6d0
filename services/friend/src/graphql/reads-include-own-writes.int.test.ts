import { eventually } from '@kith/local-servers';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../domain/relationship-state.ts';
import { createRelationships } from '../relationships/change-relationship.ts';
import {
  type Ask,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';

let service: TestFriendService;
beforeAll(async () => {
  service = await startFriendServiceForTest();
});
afterAll(() => service?.stop());

async function signUp(nickname: string): Promise<{ id: string; ask: Ask }> {
  const id = await service.users.signUp({ nickname });
  return { id, ask: await service.as(id) };
}

const LIST = `query ($of: _Any!) { _entities(representations: [$of]) { ... on User {
  friends(first: 100) { totalCount listCursor edges { node { displayName user { id nickname } } } } } } }`;

async function list({ id, ask }: { id: string; ask: Ask }) {
  const { data } = await ask(LIST, { variables: { of: { __typename: 'User', id } } });
  const { friends } = data._entities[0];
  return {
    ...friends,
    names: friends.edges.map(({ node }: { node: { displayName: string } }) => node.displayName).sort(),
  } as { totalCount: number; listCursor: string; names: string[] };
}

const mutate = async (ask: Ask, name: string, input: object) => {
  const { data, errors } = await ask(
    `mutation ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { listCursor } }`,
    { variables: { input } },
  );
  expect(errors).toBeUndefined();
  return data[name].listCursor as string;
};

test('a list read after a mutation’s reply contains it while the consumer hears of nothing', async () => {
  const [ann, bob, cid] = await Promise.all([signUp('Ann'), signUp('Bob'), signUp('Cid')]);
  await mutate(ann.ask, 'addFriend', { userId: bob.id });
  expect((await list(ann)).names).toEqual(['Bob']);

  service.nats.pause();
  try {
    for (const remark of ['one', 'two', 'three']) {
      const cursor = await mutate(ann.ask, 'updateFriend', { userId: bob.id, remark });
      const read = await list(ann);
      expect([read.names, read.listCursor]).toEqual([[remark], cursor]);
    }
    const added = await mutate(ann.ask, 'addFriend', { userId: cid.id, remark: 'Cido' });
    expect(await list(ann)).toMatchObject({ names: ['Cido', 'three'], totalCount: 2, listCursor: added });
    // The other side of it has been answered nothing, but what it reads is never torn.
    expect((await list(cid)).names).toEqual(['Ann']);
    await mutate(ann.ask, 'removeFriend', { userId: bob.id });
    expect((await list(ann)).names).toEqual(['Cido']);
    const one = await ann.ask('query ($id: ID!) { friend(userId: $id) { remark } }', { variables: { id: bob.id } });
    expect(one.data).toEqual({ friend: null });
  } finally {
    service.nats.resume();
  }
});

test('every change of a burst is in the list that is read after its reply', async () => {
  const [ann, bob] = await Promise.all([signUp('Ann'), signUp('Bob')]);
  await mutate(ann.ask, 'addFriend', { userId: bob.id });
  for (let n = 0; n < 50; n += 1) {
    const cursor = await mutate(ann.ask, 'updateFriend', { userId: bob.id, remark: `remark ${n}` });
    const read = await list(ann);
    expect([read.names, read.listCursor]).toEqual([[`remark ${n}`], cursor]);
  }
});

test('the answer to a repeated mutation promises what the first one, which died before its answer, could not', async () => {
  const [ann, bob] = await Promise.all([signUp('Ann'), signUp('Bob')]);
  await mutate(ann.ask, 'addFriend', { userId: bob.id });
  await eventually('the view is in use', async () => (await list(ann)).totalCount === 1);
  const diesAfterCommit = createRelationships({
    pool: service.pool,
    limits: DEFAULT_LIMITS,
    moment: () => ({ now: new Date(), newId }),
    traceparent: () => undefined,
    learnProfiles: async () => {},
    afterCommit: () => Promise.reject(new Error('killed')),
  });
  service.nats.pause();
  try {
    const first = diesAfterCommit.change({ viewerId: ann.id, otherId: bob.id }, (r) => r.update({ remark: 'Bobby' }));
    await expect(first).rejects.toThrow('killed');
    const cursor = await mutate(ann.ask, 'updateFriend', { userId: bob.id, remark: 'Bobby' });
    const read = await list(ann);
    expect([read.names, read.listCursor]).toEqual([['Bobby'], cursor]);
  } finally {
    service.nats.resume();
  }
});

test('a nickname reaches the list of a friend, and the list’s history', async () => {
  const [ann, bob] = await Promise.all([signUp('Ann'), signUp('Bob')]);
  const before = await mutate(ann.ask, 'addFriend', { userId: bob.id });
  await service.users.changeProfile(bob.id, { nickname: 'Robert' });
  await eventually('the list shows the new nickname', async () => (await list(ann)).names[0] === 'Robert');
  const { data } = await ann.ask(
    `query ($after: String) { friendListChanges(after: $after) {
       hasMore changes { __typename revision ... on FriendChanged { friend { displayName } } } } }`,
    { variables: { after: before } },
  );
  expect(data.friendListChanges).toEqual({
    hasMore: false,
    changes: [{ __typename: 'FriendChanged', revision: 2, friend: { displayName: 'Robert' } }],
  });
});

test('an account that is deleted leaves the lists of its friends', async () => {
  const [ann, bob] = await Promise.all([signUp('Ann'), signUp('Bob')]);
  await mutate(ann.ask, 'addFriend', { userId: bob.id });
  await service.users.deleteAccount(bob.id);
  await eventually('the list is empty', async () => (await list(ann)).totalCount === 0);
});
