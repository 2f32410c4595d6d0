import { PROFILE_COPY_CONSUMER } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { register } from '@prometheus-io/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Answer,
  codesOf,
  startFriendServiceForTest,
  type TestFriendService,
} from './testing/start-friend-service-for-test.ts';

let friend: TestFriendService;
beforeAll(async () => {
  friend = await startFriendServiceForTest();
});
afterAll(() => friend?.stop());

const ADD = 'mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }';
const UPDATE = 'mutation ($input: UpdateFriendInput!) { updateFriend(input: $input) { listCursor } }';
const ACCEPT = 'mutation ($input: AcceptFriendRequestInput!) { acceptFriendRequest(input: $input) { listCursor } }';
const BLOCKED = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on User { blockedUsers { edges { node { id } } } } } }`;

async function add(viewerId: string, userId: string): Promise<Answer> {
  return (await friend.as(viewerId))(ADD, { variables: { input: { userId } } });
}

async function readsAndCommandsOfOthers(rounds: number): Promise<unknown[]> {
  const answers: Answer[] = [];
  for (let n = 0; n < rounds; n += 1) {
    const [a, b] = [await friend.users.signUp(), await friend.users.signUp()];
    answers.push(await add(a, b));
    const asA = await friend.as(a);
    answers.push(await asA(BLOCKED, { variables: { representations: [{ __typename: 'User', id: a }] } }));
  }
  return answers.flatMap(codesOf);
}

/** Another session holds the row of this owner's list while `work` goes on. */
async function whileLocked<Result>(ownerId: string, work: () => Promise<Result>): Promise<Result> {
  const holder = await friend.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM friend_list WHERE owner_id = $1 FOR UPDATE', [ownerId]);
    return await work();
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
}

async function someone(): Promise<string> {
  const [one, other] = [await friend.users.signUp(), await friend.users.signUp()];
  expect(codesOf(await add(one, other))).toEqual([]);
  return one;
}

test('thirty commands that want a locked list are refused, while others read and change theirs', async () => {
  const wanted = await someone();
  const crowd = await Promise.all(Array.from({ length: 30 }, () => someone()));
  await whileLocked(wanted, async () => {
    let over = false;
    const refused = Promise.all(crowd.map((each) => add(each, wanted))).finally(() => {
      over = true;
    });
    const others: unknown[] = [];
    while (!over) others.push(...(await readsAndCommandsOfOthers(2)));
    expect(others).toEqual([]);
    expect((await refused).map(codesOf)).toEqual(Array(30).fill(['SERVICE_UNAVAILABLE']));
  });
  expect(codesOf(await add(crowd[0]!, wanted))).toEqual([]);
  const { rows } = await friend.pool.query('SELECT friend_count FROM friend_list WHERE owner_id = $1', [wanted]);
  expect(rows).toEqual([{ friend_count: 2 }]);
});

test('answers to requests, which name no list, wait for the locked one in the same line', async () => {
  const asking = await someone();
  const asked = await Promise.all(Array.from({ length: 30 }, () => friend.users.signUp({ friendPolicy: 'APPROVAL' })));
  for (const each of asked) expect(codesOf(await add(asking, each))).toEqual([]);
  const { rows } = await friend.pool.query<{ id: string; to_id: string }>(
    'SELECT id, to_id FROM friend_request WHERE from_id = $1',
    [asking],
  );
  const viewers = await Promise.all(rows.map(({ to_id }) => friend.as(to_id)));
  await whileLocked(asking, async () => {
    const answers = Promise.all(
      rows.map(({ id }, at) => viewers[at]!(ACCEPT, { variables: { input: { requestId: id } } })),
    );
    expect(await readsAndCommandsOfOthers(5)).toEqual([]);
    expect((await answers).map(codesOf)).toEqual(Array(30).fill(['SERVICE_UNAVAILABLE']));
  });
});

test('profiles that a locked list shows wait, those of others are copied meanwhile, and none is lost', async () => {
  const locked = await someone();
  // More than the consumer has places for.
  const friends = await Promise.all(Array.from({ length: 6 }, () => someone()));
  for (const each of friends) expect(codesOf(await add(each, locked))).toEqual([]);
  const nicknames = async (userIds: string[]) =>
    (await friend.pool.query('SELECT nickname FROM profile WHERE user_id = ANY($1)', [userIds])).rows.filter(
      ({ nickname }) => nickname === 'New',
    ).length;
  const tries = async () => {
    const { values } = await register.getSingleMetric('kith_consumer_retries_total')!.get();
    return values.find(({ labels }) => labels.consumer === PROFILE_COPY_CONSUMER)?.value ?? 0;
  };
  await whileLocked(locked, async () => {
    for (const each of friends) await friend.users.changeProfile(each, { nickname: 'New' });
    const other = await someone();
    await friend.users.changeProfile(other, { nickname: 'New' });
    await eventually('the profile of somebody else is copied', async () => (await nicknames([other])) === 1);
    // With so many tries, one of them has had more than the eight after which a fault is given up.
    const before = await tries();
    await eventually('they were tried again and again', async () => (await tries()) > before + friends.length * 8);
    expect(await nicknames(friends)).toBe(0);
  });
  await eventually('the others are copied', async () => (await nicknames(friends)) === friends.length);
});

test('a command whose list is free again is done, and nothing of the refused ones was', async () => {
  const wanted = await someone();
  const one = await someone();
  await whileLocked(wanted, async () => {
    expect(codesOf(await add(one, wanted))).toEqual(['SERVICE_UNAVAILABLE']);
  });
  const asOne = await friend.as(one);
  expect(codesOf(await asOne(UPDATE, { variables: { input: { userId: wanted, remark: 'x' } } }))).toEqual([
    'NOT_FRIENDS',
  ]);
  expect(codesOf(await add(one, wanted))).toEqual([]);
});
