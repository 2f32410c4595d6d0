import { askWhetherReady, eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Answer,
  codesOf,
  startFriendServiceForTest,
  type TestFriendService,
} from './testing/start-friend-service-for-test.ts';

let friend: TestFriendService;
const unheard: unknown[] = [];
const keep = (error: unknown) => unheard.push(error);
beforeAll(async () => {
  process.on('uncaughtExceptionMonitor', keep);
  friend = await startFriendServiceForTest();
});
afterAll(async () => {
  process.off('uncaughtExceptionMonitor', keep);
  await friend?.stop();
});

const ADD = 'mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }';
const BLOCKED = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on User { blockedUsers { edges { node { id } } } } } }`;
const OTHERS = 'pid <> pg_backend_pid() AND datname = current_database()';
const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OTHERS} AND application_name <> 'test'`;

async function add(viewerId: string, userId: string): Promise<Answer> {
  return (await friend.as(viewerId))(ADD, { variables: { input: { userId } } });
}

async function read(userId: string): Promise<Answer> {
  return (await friend.as(userId))(BLOCKED, { variables: { representations: [{ __typename: 'User', id: userId }] } });
}

async function nicknameOf(userId: string): Promise<string | undefined> {
  return (await friend.pool.query('SELECT nickname FROM profile WHERE user_id = $1', [userId])).rows[0]?.nickname;
}

/** New sessions may only read, as on the old primary of a failover, and there are no others. */
async function demote(): Promise<void> {
  const { rows } = await friend.pool.query('SELECT current_database() AS name');
  await friend.pool.query(`ALTER DATABASE ${rows[0].name} SET default_transaction_read_only = on`);
  await friend.pool.query(CUT);
}

/** From now on new sessions may write; those that are there may not. */
async function promote(): Promise<void> {
  const { rows } = await friend.pool.query('SELECT current_database() AS name');
  await friend.pool.query('SET default_transaction_read_only = off');
  await friend.pool.query(`ALTER DATABASE ${rows[0].name} RESET default_transaction_read_only`);
}

test('every connection is cut again and again under load: nothing ends, nothing acknowledged is lost', async () => {
  const people = await Promise.all(Array.from({ length: 12 }, () => friend.users.signUp()));
  const pairs = people.flatMap((one, at) => people.slice(at + 1).map((other) => [one, other] as const));
  const answered: (readonly [string, string])[] = [];
  let over = false;
  const cutting = (async () => {
    while (!over) await friend.pool.query(CUT);
  })();
  const codes = new Set<unknown>();
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(
      pairs.map(async (pair) => {
        const [changed, found] = await Promise.all([add(...pair), read(pair[0])]);
        for (const code of [...codesOf(changed), ...codesOf(found)]) codes.add(code);
        if (codesOf(changed).length === 0) answered.push(pair);
      }),
    );
  }
  over = true;
  await cutting;
  expect([...codes].filter((code) => code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
  expect(unheard).toEqual([]);
  const { rows } = await friend.pool.query('SELECT owner_id, friend_id FROM friend');
  const kept = new Set(rows.map(({ owner_id, friend_id }) => `${owner_id} ${friend_id}`));
  expect(answered.filter(([one, other]) => !kept.has(`${one} ${other}`))).toEqual([]);
  await eventually('commands are done again', async () => codesOf(await add(people[0]!, people[1]!)).length === 0);
  await eventually('every event is published', async () => {
    const { rows } = await friend.pool.query('SELECT count(*)::int AS waiting FROM outbox WHERE published_at IS NULL');
    return rows[0].waiting === 0;
  });
  await eventually('it misses nothing', async () => (await askWhetherReady(friend.url)).missing.length === 0);
});

test('a Postgres that may only be read is an outage of changes: reads go on, no event dies, the next primary is found', async () => {
  const [one, other] = [await friend.users.signUp(), await friend.users.signUp()];
  await eventually('both are known', async () => (await nicknameOf(one)) && (await nicknameOf(other)));
  await demote();
  await eventually('changes are refused', async () => codesOf(await add(one, other)).length > 0);
  await friend.users.changeProfile(one, { nickname: 'Later' });
  for (let n = 0; n < 40; n += 1) {
    expect(codesOf(await add(one, other))).toEqual(['SERVICE_UNAVAILABLE']);
  }
  expect(codesOf(await read(one))).toEqual([]);
  expect(await askWhetherReady(friend.url)).toEqual({ ready: true, missing: ['postgres'] });
  await promote();
  await eventually('changes are done', async () => codesOf(await add(one, other)).length === 0);
  await eventually('the profile is copied', async () => (await nicknameOf(one)) === 'Later');
  await eventually('it misses nothing', async () => (await askWhetherReady(friend.url)).missing.length === 0);
  for (let n = 0; n < 20; n += 1) expect(codesOf(await add(one, other))).toEqual([]);
});
