import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { backUpDatabase, cutConnections } from '../src/databases/back-up-database.ts';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import type { Follower } from '../src/lists/follow-list.ts';
import { ask, dataOf } from '../src/people/ask-gateway.ts';
import {
  makeFriends,
  readWholeList,
  removeFriend,
  UPDATE_FRIEND,
  updateFriend,
  updateProfile,
} from '../src/people/friend-operations.ts';
import { PASSWORD, type Person, signUp } from '../src/people/person.ts';
import { runKith } from '../src/system/run-kith.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

// docs/operations.md, "A database was put back", line by line.

// In one process (EVENT_BUS=in-process) a service cannot be stopped without the other.
const isInProcess = process.env.EVENT_BUS === 'in-process';
const testOfProcesses = test.skipIf(isInProcess);

let system: SystemForTest;
const followers: Follower[] = [];

beforeAll(async () => {
  system = await startSystemForTest();
});
afterEach(async () => {
  for (const each of followers.splice(0)) await each.stop();
});
afterAll(() => system?.stop());

/** The service has seen what is committed: it looks over every new connection before it answers over it. */
async function aLook(databaseUrl: string): Promise<void> {
  await cutConnections(databaseUrl);
  await eventually('it answers', async () => (await runKith(system, ['status']).ended).code === 0);
}

let names = 0;
const somebody = (name: string): Promise<Person> => {
  names += 1;
  return signUp(system.gatewayUrls[names % 2]!, `${name}_${names}`, name);
};

function follow(person: Person): Follower[] {
  const devices = (['websocket', 'sse'] as const).map((transport, at) =>
    followFriendList({ gatewayUrls: [system.gatewayUrls[at]!], token: person.token, transport }),
  );
  followers.push(...devices);
  return devices;
}

const namesIn = (follower: Follower) =>
  [...follower.list.friends.values()].map(({ displayName }) => displayName).sort();
const shows = (follower: Follower, ...expected: string[]) =>
  eventually(
    `the device shows ${expected}`,
    () => JSON.stringify(namesIn(follower)) === JSON.stringify(expected.toSorted()),
  ).catch((error) => {
    throw new Error(`${error.message}: it shows ${namesIn(follower)}; ${follower.list.problems}`);
  });

const hasFreshSnapshot = ({ list }: Follower) =>
  eventually('a fresh snapshot', () => list.snapshots.at(-1)?.reason === 'CURSOR_INVALID').catch(async (error) => {
    const reasons = list.snapshots.map(({ reason }) => reason);
    throw new Error(
      `${error.message}: it has had ${reasons}; ${list.problems}\n${(await logOf('friend')).slice(-4_000)}`,
    );
  });

async function reconcile(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runKith(system, ['events', 'reconcile', ...args]).ended;
  expect(`${stdout}${stderr}ends with ${code}`).toMatch(/\b0 differences\n[\s\S]*ends with 0$/);
  return stdout;
}

const logOf = (service: 'user' | 'friend') =>
  readFile(join(system.kithData, 'logs', `${isInProcess ? 'kith' : service}.log`), 'utf8');

/** As soon as a service answers again. */
const retry = (work: () => Promise<unknown>) =>
  eventually('it is done', () =>
    work().then(
      () => true,
      () => false,
    ),
  );

const WHILE: [string, (service: 'user' | 'friend', putBack: () => Promise<void>) => Promise<void>][] = [
  ['while the service runs', (_, putBack) => putBack()],
  [
    'while the service is away',
    async (service, putBack) => {
      await system[service].stop();
      await putBack();
      await system[service].start();
    },
  ],
];

testOfProcesses.each(WHILE)(
  'the friend service’s database, put back %s: subscribers get a fresh snapshot and only changes that fit, and reconciling ends with nothing that differs',
  async (_, restore) => {
    const [ann, bob, cid, dan] = (await Promise.all(['Ann', 'Bob', 'Cid', 'Dan'].map(somebody))) as [
      Person,
      Person,
      Person,
      Person,
    ];
    await makeFriends(ann, bob);
    await makeFriends(ann, dan);
    const backup = await backUpDatabase(system.friendDatabaseUrl);
    const devices = follow(ann);
    for (const device of devices) await shows(device, 'Bob', 'Dan');

    const eve = await somebody('Eve');
    await retry(() => makeFriends(ann, eve));
    await makeFriends(ann, cid);
    await updateFriend(ann, bob.id, { remark: 'of the lost time' });
    await updateProfile(dan, { nickname: 'Daniel' });
    await removeFriend(ann, eve.id);
    for (const device of devices) await shows(device, 'of the lost time', 'Cid', 'Daniel');
    await aLook(system.friendDatabaseUrl);
    const begun = (await logOf('friend')).split('a new timeline has begun').length;

    await restore('friend', () => backup.putBack());
    for (const device of devices) await hasFreshSnapshot(device);
    expect((await logOf('friend')).split('a new timeline has begun')).toHaveLength(begun + 1);
    const input = { userId: bob.id, remark: 'after it' };
    const remark = { query: UPDATE_FRIEND, variables: { input }, token: ann.token };
    await retry(() => dataOf(ann.gatewayUrl, remark));
    await retry(() => makeFriends(ann, cid));
    for (const device of devices) await shows(device, 'after it', 'Cid', 'Dan');

    expect(await reconcile('--repair')).toContain('profiles copied anew');
    for (const device of devices) await shows(device, 'after it', 'Cid', 'Daniel');
    expect(await reconcile()).toContain('givenUp');
    expect((await readWholeList(ann)).map(({ displayName }) => displayName).sort()).toEqual(namesIn(devices[0]!));
    for (const device of devices) expect(device.list.problems).toEqual([]);
  },
);

testOfProcesses.each(WHILE)(
  'the user service’s database, put back %s: people and names of the lost time leave the lists by the rules, their tokens are refused, and reconciling ends with nothing that differs',
  async (_, restore) => {
    const [ann, bob, zoe] = (await Promise.all(['Ann', 'Bob', 'Zoe'].map(somebody))) as [Person, Person, Person];
    await makeFriends(ann, bob);
    await makeFriends(ann, zoe);
    const backup = await backUpDatabase(system.userDatabaseUrl);
    const devices = follow(ann);
    for (const device of devices) await shows(device, 'Bob', 'Zoe');

    await retry(() => updateProfile(bob, { nickname: 'Robert' }));
    const eve = await somebody('Eve');
    await retry(() => makeFriends(ann, eve));
    const input = { password: PASSWORD };
    const leave = 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { deleted } }';
    await dataOf(zoe.gatewayUrl, { query: leave, variables: { input }, token: zoe.token });
    for (const device of devices) await shows(device, 'Robert', 'Eve');
    await aLook(system.userDatabaseUrl);

    await restore('user', () => backup.putBack());
    await eventually('the token of a session that is lost is refused', async () => {
      const answers = await Promise.all(
        system.gatewayUrls.map((url) => ask(url, { query: '{ me { id } }', token: eve.token })),
      );
      return answers.every(({ errors }) => errors[0]?.extensions?.code === 'SESSION_ENDED');
    });
    const { me } = await dataOf(ann.gatewayUrl, { query: '{ me { id } }', token: ann.token });
    expect(me.id).toBe(ann.id);

    const repaired = await reconcile('--repair');
    expect(repaired).toMatch(/profiles copied anew +2\n/);
    expect(repaired).toMatch(/people forgotten +1\n/);
    for (const device of devices) await shows(device, 'Bob');
    await updateProfile(bob, { nickname: 'Bobby' });
    const fay = await somebody('Fay');
    await retry(() => makeFriends(ann, fay));
    for (const device of devices) await shows(device, 'Bobby', 'Fay');
    expect(await reconcile()).toContain('givenUp');
    for (const device of devices) {
      expect(device.list.problems).toEqual([]);
      expect(device.endings).toEqual([]);
    }
  },
);
