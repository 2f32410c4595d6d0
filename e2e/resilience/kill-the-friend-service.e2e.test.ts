import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import type { Follower } from '../src/lists/follow-list.ts';
import { contentsOf } from '../src/lists/friend-list-in-postgres.ts';
import { askUntilAnswered } from '../src/people/ask-gateway.ts';
import {
  ADD_FRIEND,
  addFriend,
  REMOVE_FRIEND,
  readWholeList,
  UPDATE_FRIEND,
  updateProfile,
} from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { type Random, seededRandom } from '../src/people/seeded-random.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const OWNERS = 8;
const FRIENDS_EACH = 4;
const MUTATIONS_EACH = 250;
const KILLS = 10;

let system: SystemForTest;

beforeAll(async () => {
  system = await startSystemForTest();
});
afterAll(() => system?.stop());

/** One change of a list, as its subscriber must see it. */
type Expected =
  | ['FriendChanged', friendId: string, remark: string | null, pinned: boolean]
  | ['FriendAdded' | 'FriendRemoved', friendId: string];

interface Owner {
  readonly person: Person;
  readonly follower: Follower;
  readonly answered: Expected[];
  readonly friends: Map<string, { there: boolean; remark: string | null; pinned: boolean }>;
}

test('every answered mutation is kept, listed, and was seen once and in order, whenever the service was killed', async () => {
  const random = seededRandom('kill the friend service');
  const friends = await openPeople();
  const owners: Owner[] = [];
  for (let index = 0; index < OWNERS; index += 1) owners.push(await newOwner(index, friends));
  const startedAt = performance.now();
  let answered = 0;
  let retries = 0;

  const work = owners.map(async (owner) => {
    for (let step = 1; step <= MUTATIONS_EACH; step += 1) {
      await mutate(owner, step, random, () => {
        retries += 1;
      });
      answered += 1;
    }
  });
  const moments = Array.from({ length: KILLS }, () => random.between(20, OWNERS * MUTATIONS_EACH - 20)).toSorted(
    (a, b) => a - b,
  );
  const killing = (async () => {
    for (const moment of moments) {
      await eventually(`${moment} mutations were answered`, () => answered >= moment, { everyMs: 1 });
      await delay(random.between(0, 15));
      await system.friend.kill();
      await system.friend.start();
    }
  })();
  await Promise.all([...work, killing]);
  const mutatedAt = performance.now();

  for (const { person, follower, answered: expected } of owners) {
    const { revision } = await system.friendDatabase.list(person.id);
    await eventually(`${person.username} has seen revision ${revision}`, () => follower.list.revision === revision);
    expect(follower.list.changes.map(seen)).toEqual(expected);
    expect(follower.list.problems).toEqual([]);
    expect(follower.list.snapshots).toHaveLength(1);
    const stored = await system.friendDatabase.list(person.id);
    expect(contentsOf(follower.list)).toEqual(contentsOf(stored));
    const listed = await readWholeList(person);
    expect(new Map(listed.map((friend) => [friend.user.id, friend]))).toEqual(stored.friends);
  }
  expect(retries).toBeGreaterThan(0);
  const caughtUpMs = Math.round(performance.now() - mutatedAt);
  process.stdout.write(
    `${answered} mutations in ${Math.round(mutatedAt - startedAt)} ms, ${KILLS} kills, ${retries} retries, checked ${caughtUpMs} ms later\n`,
  );
  await Promise.all(owners.map(({ follower }) => follower.stop()));
});

/** People who are bound without being asked, so that every mutation is one change of its owner's list. */
async function openPeople(): Promise<Person[]> {
  const [gatewayUrl] = system.gatewayUrls as [string];
  const people: Person[] = [];
  for (let n = 0; n < FRIENDS_EACH; n += 1) people.push(await signUp(gatewayUrl, `friend_${n}`));
  for (const person of people) await updateProfile(person, { friendPolicy: 'OPEN' });
  await eventually('the friend service knows that they are open', async () => {
    const { rows } = await system.friendDatabase.query("SELECT FROM profile WHERE friend_policy = 'OPEN'");
    return rows.length === FRIENDS_EACH;
  });
  return people;
}

async function newOwner(index: number, friends: readonly Person[]): Promise<Owner> {
  const gatewayUrls = index % 2 === 0 ? system.gatewayUrls : system.gatewayUrls.toReversed();
  const person = await signUp(gatewayUrls[0]!, `owner_${index}`);
  for (const friend of friends) await addFriend(person, friend.id);
  const follower = followFriendList({
    gatewayUrls,
    token: person.token,
    transport: index % 4 < 2 ? 'websocket' : 'sse',
  });
  await eventually('the snapshot', () => follower.list.snapshots.length === 1);
  const none = () => ({ there: true, remark: null, pinned: false });
  return { person, follower, answered: [], friends: new Map(friends.map(({ id }) => [id, none()])) };
}

async function mutate(owner: Owner, step: number, random: Random, onRetry: () => void): Promise<void> {
  const userId = random.pick([...owner.friends.keys()]);
  const friend = owner.friends.get(userId)!;
  const send = (query: string, input: object) =>
    askUntilAnswered(system.gatewayUrls, { query, variables: { input }, token: owner.person.token }, onRetry);

  if (!friend.there) {
    await send(ADD_FRIEND, { userId });
    Object.assign(friend, { there: true, remark: null, pinned: false });
    owner.answered.push(['FriendAdded', userId]);
  } else if (random.next() < 0.1) {
    await send(REMOVE_FRIEND, { userId });
    friend.there = false;
    owner.answered.push(['FriendRemoved', userId]);
  } else {
    if (random.next() < 0.2) friend.pinned = !friend.pinned;
    friend.remark = `step ${step}`;
    await send(UPDATE_FRIEND, { userId, remark: friend.remark, pinned: friend.pinned });
    owner.answered.push(['FriendChanged', userId, friend.remark, friend.pinned]);
  }
}

function seen({ __typename, friend, userId }: Follower['list']['changes'][number]): Expected {
  if (__typename === 'FriendChanged') return [__typename, friend!.user.id, friend!.remark, friend!.pinned];
  return [__typename as 'FriendAdded' | 'FriendRemoved', friend?.user.id ?? userId!];
}
