import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, missesNothing } from '@kith/local-servers';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../src/databases/open-database.ts';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import type { Transport } from '../src/lists/follow-list.ts';
import { contentsOf } from '../src/lists/friend-list-in-postgres.ts';
import { askUntilAnswered } from '../src/people/ask-gateway.ts';
import { addFriend, readWholeList, UPDATE_FRIEND, updateProfile } from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { seededRandom } from '../src/people/seeded-random.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const FRIENDS = 4;
const CUTS = 60;

let system: SystemForTest;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1, env: { EVENT_BUS: 'in-process' } });
});
afterAll(() => system?.stop());

const CUT_SESSIONS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND datname LIKE 'kith%' AND random() < 0.5`;

test('all of Kith in one process outlives every connection that is cut under it, and misses nothing', async () => {
  const ends: unknown[] = [];
  system.gateways[0]!.onUnexpectedEnd((how) => void ends.push(how));
  const [gatewayUrl] = system.gatewayUrls as [string];
  const friends = await openPeople(gatewayUrl);
  const owner = await signUp(gatewayUrl, 'owner');
  for (const { id } of friends) await addFriend(owner, id);
  const followers = (['websocket', 'sse', 'websocket'] as Transport[]).map((transport) =>
    followFriendList({ gatewayUrls: system.gatewayUrls, token: owner.token, transport }),
  );
  await eventually('the snapshots', () => followers.every(({ list }) => list.snapshots.length > 0));

  const sessions = openDatabase(system.userDatabaseUrl);
  const redis = new Redis(system.redisUrl);
  redis.on('error', () => undefined);
  const random = seededRandom('cut everything');
  const cuts = [
    () => sessions.query(CUT_SESSIONS),
    () => redis.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES'),
    () => random.pick(followers).cut(),
    () => leaveInTheMiddle(gatewayUrl, owner.token),
  ];
  let isOver = false;
  const changing = friends.map(async ({ id }, at) => {
    for (let step = 1; !isOver; step += 1) {
      const input = { userId: id, remark: `step ${step}`, pinned: (step + at) % 3 === 0 };
      await askUntilAnswered(system.gatewayUrls, { query: UPDATE_FRIEND, variables: { input }, token: owner.token });
      await readWholeList(owner).catch(() => undefined);
    }
  });
  for (let cut = 0; cut < CUTS; cut += 1) {
    await cuts[cut % cuts.length]!();
    await delay(random.between(20, 150));
  }
  isOver = true;
  await Promise.all(changing);
  redis.disconnect();
  await sessions.end();

  expect(ends).toEqual([]);
  await eventually('it misses nothing', () => missesNothing(gatewayUrl));
  const { revision } = await system.friendDatabase.list(owner.id);
  expect(revision).toBeGreaterThan(FRIENDS);
  for (const { list } of followers) {
    await eventually(`revision ${revision}`, () => list.revision === revision);
    expect(contentsOf(list)).toEqual(contentsOf(await system.friendDatabase.list(owner.id)));
    expect(list.problems).toEqual([]);
  }
  await Promise.all(followers.map((follower) => follower.stop()));
});

/** People who are bound without being asked. */
async function openPeople(gatewayUrl: string): Promise<Person[]> {
  const people: Person[] = [];
  for (let n = 0; n < FRIENDS; n += 1) people.push(await signUp(gatewayUrl, `friend_${n}`));
  for (const person of people) await updateProfile(person, { friendPolicy: 'OPEN' });
  await eventually('the friend service knows that they are open', async () => {
    const { rows } = await system.friendDatabase.query("SELECT FROM profile WHERE friend_policy = 'OPEN'");
    return rows.length === FRIENDS;
  });
  return people;
}

/** Of what it asks, or of what it is told. */
function leaveInTheMiddle(gatewayUrl: string, token: string): void {
  const body = JSON.stringify({ query: '{ me { friends(first: 20) { edges { node { remark } } } } }' });
  for (const sent of [body.length - 5, body.length]) {
    const socket = connect(Number(new URL(gatewayUrl).port), '127.0.0.1').on('error', () => undefined);
    const head = `POST /graphql HTTP/1.1\r\nhost: kith\r\nauthorization: Bearer ${token}`;
    const about = `content-type: application/json\r\ncontent-length: ${body.length}`;
    socket.write(`${head}\r\n${about}\r\n\r\n${body.slice(0, sent)}`);
    setTimeout(() => socket.resetAndDestroy(), 5);
  }
}
