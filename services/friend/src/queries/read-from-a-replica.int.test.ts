import { askWhetherReady, eventually, type PostgresPair, startPostgresPair } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Answer,
  codesOf,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';

let pair: PostgresPair;
let friend: TestFriendService;

beforeAll(async () => {
  pair = await startPostgresPair({ durable: false });
  await migrate(pair.primary.url('kith_friend'), 'friend');
  // So long that a paused replica still counts: what is not read there has another reason.
  friend = await startFriendServiceForTest({
    FRIEND_DATABASE_URL: pair.primary.url('kith_friend'),
    FRIEND_DATABASE_READ_URL: pair.standby.url('kith_friend'),
    READ_REPLICA_LAG_MS: 60_000,
  });
});
afterAll(async () => {
  await friend?.stop();
  await pair?.stop();
});

const ENTITY = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User';
const SUGGESTED = `${ENTITY} { suggestedFriends { user { id } } } } }`;
const MUTUAL = `${ENTITY} { mutualFriends { edges { node { id } } } } } }`;
const mutation = (name: string, type: string) =>
  `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`;

async function ask(viewerId: string, query: string, variables: object): Promise<Answer> {
  const answer = await (await friend.as(viewerId))(query, { variables });
  expect(codesOf(answer)).toEqual([]);
  return answer;
}
const change = (name: string, type: string) => (viewerId: string, userId: string) =>
  ask(viewerId, mutation(name, type), { input: { userId } });
const [befriend, block] = [change('addFriend', 'AddFriendInput'), change('blockUser', 'BlockUserInput')];
const unfriend = change('removeFriend', 'RemoveFriendInput');
const entity = async (viewerId: string, query: string, id: string) =>
  (await ask(viewerId, query, { representations: [{ __typename: 'User', id }] })).data._entities[0];

async function mutual(viewerId: string, otherId: string): Promise<string[]> {
  const { mutualFriends } = await entity(viewerId, MUTUAL, otherId);
  return mutualFriends.edges.map(({ node }: { node: { id: string } }) => node.id);
}
async function suggested(viewerId: string): Promise<string[]> {
  const { suggestedFriends } = await entity(viewerId, SUGGESTED, viewerId);
  return suggestedFriends.map(({ user }: { user: { id: string } }) => user.id);
}

/** Statements that the standby has answered so far; nobody else reads there. */
const readThere = async () =>
  Number(
    (
      await pair.standby.tell(
        `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'kith-friend-replica' AND query NOT LIKE '%pg_control%' AND query <> ''`,
      )
    )[0]?.n,
  );

async function pausedReplica(): Promise<void> {
  await eventually('the replica has all', async () => {
    const [row] = await pair.primary.tell(
      'SELECT replay_lsn = pg_current_wal_lsn() AS all_there FROM pg_stat_replication',
    );
    return row?.all_there === true;
  });
  await pair.standby.tell('SELECT pg_wal_replay_pause()');
}
const resume = () => pair.standby.tell('SELECT pg_wal_replay_resume()');

async function chain(): Promise<string[]> {
  const [ann, bob, cem, dia] = await Promise.all(Array.from({ length: 4 }, () => friend.users.signUp()));
  await befriend(ann!, bob!);
  await befriend(bob!, cem!);
  await befriend(bob!, dia!);
  return [ann!, bob!, cem!, dia!];
}

test('suggestions and mutual friends are read from the replica, and it is told when there is none', async () => {
  const [ann, bob, cem] = await chain();
  await eventually('the replica is fresh', async () => {
    await befriend(await friend.users.signUp(), await friend.users.signUp());
    return (await askWhetherReady(friend.url)).missing.length === 0;
  });
  await eventually('both are read there', async () => {
    expect(await suggested(ann!)).toContain(cem);
    expect(await mutual(ann!, cem!)).toEqual([bob]);
    return (await readThere()) > 0;
  });
});

test('what a caller has changed is in the next answer, though the replica has stopped', async () => {
  const [ann, bob, cem, dia] = await chain();
  await pausedReplica();
  try {
    await block(ann!, cem!);
    expect(await suggested(ann!)).toEqual([dia]);
    expect(await mutual(ann!, cem!)).toEqual([]);
    expect(await mutual(cem!, ann!)).toEqual([]);
    await befriend(ann!, dia!);
    expect(await suggested(ann!)).toEqual([]);
    expect(await mutual(ann!, dia!)).toEqual([bob]);
    await unfriend(bob!, ann!);
    expect(await mutual(ann!, dia!)).toEqual([]);
  } finally {
    await resume();
  }
});

test('what others have changed may be late, and comes', async () => {
  const [ann, bob, cem] = await chain();
  const eve = await friend.users.signUp();
  await eventually('the replica serves', async () => (await suggested(ann!)).includes(cem!) && (await readThere()) > 0);
  await pausedReplica();
  await befriend(bob!, eve);
  expect(await suggested(ann!)).not.toContain(eve);
  await resume();
  await eventually('eve is suggested', async () => (await suggested(ann!)).includes(eve));
});

test('a replica that is gone is missed, and nobody notices', async () => {
  const [ann, , cem, dia] = await chain();
  await pair.primary.tell('ALTER SYSTEM RESET synchronous_standby_names');
  await pair.primary.tell('SELECT pg_reload_conf()');
  await pair.standby.kill();
  for (let n = 0; n < 10; n += 1) expect((await suggested(ann!)).sort()).toEqual([cem, dia].sort());
  await friend.restart();
  await eventually('it is missed', async () => (await askWhetherReady(friend.url)).missing.includes('replica'));
  expect(await askWhetherReady(friend.url)).toEqual({ ready: true, missing: ['replica'] });
  expect((await suggested(ann!)).sort()).toEqual([cem, dia].sort());
  await pair.standby.start();
  await eventually('it is not missed', async () => {
    await befriend(await friend.users.signUp(), await friend.users.signUp());
    return (await askWhetherReady(friend.url)).missing.length === 0;
  });
});
