// Longer than other files: a fault of each server, one after the other, in one system that takes long to start.

import { eventually } from '@kith/local-servers';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import type { Follower } from '../src/lists/follow-list.ts';
import { contentsOf } from '../src/lists/friend-list-in-postgres.ts';
import { ask, askUntilAnswered } from '../src/people/ask-gateway.ts';
import { makeFriends, readPage, UPDATE_FRIEND } from '../src/people/friend-operations.ts';
import { type Person, signUp, through } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

// In one process (EVENT_BUS=in-process) none of them can be away while another is there.
const testOfProcesses = test.skipIf(process.env.EVENT_BUS === 'in-process');

let system: SystemForTest;
let ann: Person;
let bob: Person;
let devices: Follower[];
/** The remarks that ann has written since her devices watch, in order. */
let written: string[];

beforeAll(async () => {
  system = await startSystemForTest();
  const [one, other] = system.gatewayUrls as [string, string];
  ann = await signUp(one, 'ann');
  bob = await signUp(other, 'bob');
  await makeFriends(ann, bob);
});
afterAll(() => system?.stop());

/** Four devices of ann's, one for each gateway and transport; each knows both gateways. */
beforeEach(async () => {
  written = [];
  devices = [system.gatewayUrls, system.gatewayUrls.toReversed()].flatMap((gatewayUrls) =>
    (['websocket', 'sse'] as const).map((transport) => followFriendList({ gatewayUrls, token: ann.token, transport })),
  );
  await eventually('the snapshots', () => devices.every(({ list }) => list.snapshots.length === 1));
});

/** Whatever a test has broken works again for the next one. */
afterEach(async () => {
  await Promise.all(devices.map((device) => device.stop()));
  const { postgres, nats, redis, user, friend, gateways } = system;
  for (const broken of [postgres, nats, redis, user, friend, ...gateways]) {
    broken.resume();
    await broken.start();
  }
});

let remarks = 0;
/** Writes remarks, each until it is answered. */
async function write(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    remarks += 1;
    const remark = `remark ${remarks}`;
    await askUntilAnswered(system.gatewayUrls, {
      query: UPDATE_FRIEND,
      variables: { input: { userId: bob.id, remark } },
      token: ann.token,
    });
    written.push(remark);
  }
}

async function everyDeviceHasSeenIt(): Promise<void> {
  await eventually('every device has seen the last remark', () =>
    devices.every(({ list }) => list.changes.at(-1)?.friend?.remark === written.at(-1)),
  );
}

/** What every test comes to: all of it once and in order, and the same list everywhere. */
async function nothingLostNothingTwice(): Promise<void> {
  await everyDeviceHasSeenIt();
  const stored = contentsOf(await system.friendDatabase.list(ann.id));
  for (const { list } of devices) {
    expect(list.changes.map(({ friend }) => friend?.remark)).toEqual(written);
    expect(list.problems).toEqual([]);
    expect(list.snapshots).toHaveLength(1);
    expect(contentsOf(list)).toEqual(stored);
  }
  for (const gatewayUrl of system.gatewayUrls) {
    const { friends } = await readPage(through(gatewayUrl, ann));
    expect(friends).toEqual(stored.friends);
  }
}

const endings = () => devices.flatMap((device) => device.endings);

test('NATS stops and comes back: changes arrive late, none is lost, none comes twice', async () => {
  await write(3);
  await everyDeviceHasSeenIt();
  await system.nats.stop();
  await write(3);
  await everyDeviceHasSeenIt();
  const [one] = system.gatewayUrls as [string];
  const newcomer = followFriendList({ gatewayUrls: [one], token: ann.token });
  await eventually('who subscribes meanwhile gets a snapshot', () => newcomer.list.snapshots.length === 1);
  await write(2);
  await system.nats.start();
  await write(3);
  await nothingLostNothingTwice();
  await eventually('the newcomer too', () => newcomer.list.revision === devices[0]!.list.revision);
  expect(newcomer.list.changes.map(({ friend }) => friend?.remark)).toEqual(written.slice(-5));
  expect(newcomer.list.problems).toEqual([]);
  expect(endings()).toEqual([]);
  await newcomer.stop();
});

test('NATS freezes: its clients find out, and nothing is lost', async () => {
  await write(2);
  system.nats.pause();
  await write(3);
  await everyDeviceHasSeenIt();
  system.nats.resume();
  await write(3);
  await nothingLostNothingTwice();
});

test('Redis is killed and comes back empty: reads and writes go on, changes arrive within 2 s', async () => {
  await write(2);
  await everyDeviceHasSeenIt();
  await system.redis.kill();
  for (let round = 0; round < 5; round += 1) {
    await write(1);
    const { friends } = await readPage(through(system.gatewayUrls[round % 2]!, ann));
    expect(friends.map(({ remark }) => remark)).toEqual([written.at(-1)]);
  }
  await everyDeviceHasSeenIt();
  await system.redis.start();
  await write(5);
  await nothingLostNothingTwice();
  expect(endings()).toEqual([]);
});

test('Redis is flushed in the middle of it: every read still includes what was written', async () => {
  const redis = new Redis(system.redisUrl);
  onTestFinished(() => redis.disconnect());
  for (let round = 0; round < 20; round += 1) {
    await write(1);
    if (round % 2 === 0) await redis.flushall();
    const { friends } = await readPage(through(system.gatewayUrls[round % 2]!, ann));
    expect(friends.map(({ remark }) => remark)).toEqual([written.at(-1)]);
  }
  await nothingLostNothingTwice();
});

test('Postgres is restarted: changes are refused as unavailable meanwhile, and nothing is lost', async () => {
  const { pid } = system.friend;
  await write(2);
  await system.postgres.stop();
  const { errors } = await ask(ann.gatewayUrl, {
    query: UPDATE_FRIEND,
    variables: { input: { userId: bob.id, remark: 'not now' } },
    token: ann.token,
  });
  expect(errors.map(({ extensions }) => extensions?.code)).toEqual(['SERVICE_UNAVAILABLE']);
  await system.postgres.start();
  await write(3);
  await nothingLostNothingTwice();
  expect(system.friend).toMatchObject({ running: true, pid });
});

test('Postgres is killed under a stream of changes: whoever repeats gets through', async () => {
  const writing = write(20);
  await eventually('some are written', () => written.length >= 5, { everyMs: 1 });
  await system.postgres.kill();
  await system.postgres.start();
  await writing;
  await nothingLostNothingTwice();
});

testOfProcesses('a gateway is killed: its clients come back at the other one, with no hole', async () => {
  const [first] = system.gateways;
  await write(2);
  await everyDeviceHasSeenIt();
  await first!.kill();
  await write(5);
  await everyDeviceHasSeenIt();
  expect(new Set(devices.map(({ gatewayUrl }) => gatewayUrl))).toEqual(new Set([system.gatewayUrls[1]]));
  await first!.start();
  await write(2);
  await nothingLostNothingTwice();
});

testOfProcesses(
  'a gateway is told to stop: sockets close with 1012, streams end, and clients go on elsewhere',
  async () => {
    const [first] = system.gateways;
    const here = devices.filter(({ gatewayUrl }) => gatewayUrl === first!.url);
    expect(here).toHaveLength(2);
    const stopping = first!.stop();
    await write(5);
    await stopping;
    await eventually('both have moved', () => here.every(({ gatewayUrl }) => gatewayUrl === system.gatewayUrls[1]));
    expect(here.map((device) => device.endings[0])).toEqual([
      { how: 'closed', code: 1012, reason: 'Service restart' },
      expect.objectContaining({ how: 'lost' }),
    ]);
    await write(2);
    await first!.start();
    await nothingLostNothingTwice();
  },
);

testOfProcesses(
  'the friend service freezes for a while: changes are answered when it is back, and seen once',
  async () => {
    await write(2);
    system.friend.pause();
    const writing = write(5);
    // Long enough for the gateway to give up on a call, and to say so.
    const refusal = await eventually('a refusal', async () => {
      const { errors } = await ask(ann.gatewayUrl, { query: '{ friendListChanges { cursor } }', token: ann.token });
      return errors[0]?.extensions?.code;
    });
    system.friend.resume();
    expect(refusal).toBe('SERVICE_UNAVAILABLE');
    await writing;
    await nothingLostNothingTwice();
  },
);

testOfProcesses(
  'the user service is away: friend lists are answered from copies, and the rest says SERVICE_UNAVAILABLE',
  async () => {
    await write(1);
    await system.user.stop();
    try {
      const token = ann.token;
      const list = await ask(ann.gatewayUrl, {
        query:
          '{ friendListChanges { changes { ... on FriendListSnapshot { friends { displayName user { id nickname } } } } } }',
        token,
      });
      expect(list.errors).toEqual([]);
      expect(list.data.friendListChanges.changes[0].friends).toEqual([
        { displayName: written.at(-1), user: { id: bob.id, nickname: 'bob' } },
      ]);

      const { data, errors } = await ask(ann.gatewayUrl, {
        query: 'query ($id: ID!) { friend(userId: $id) { remark user { nickname username } } }',
        variables: { id: bob.id },
        token,
      });
      expect(errors.map(({ extensions }) => extensions?.code)).toEqual(['SERVICE_UNAVAILABLE']);
      expect(data.friend === null || data.friend.remark === written.at(-1)).toBe(true);

      const mine = await ask(ann.gatewayUrl, { query: '{ me { friends { edges { node { displayName } } } } }', token });
      expect(mine.errors).toEqual([]);
      expect(mine.data.me.friends.edges).toEqual([{ node: { displayName: written.at(-1) } }]);

      const user = await ask(ann.gatewayUrl, { query: `{ user(id: "${bob.id}") { username } }`, token });
      expect(user.errors.map(({ extensions }) => extensions?.code)).toEqual(['SERVICE_UNAVAILABLE']);

      await write(3);
      await everyDeviceHasSeenIt();
      const newcomer = followFriendList({ gatewayUrls: system.gatewayUrls, token });
      await eventually('who subscribes meanwhile is live', () => newcomer.list.snapshots.length === 1);
      await newcomer.stop();
    } finally {
      await system.user.start();
    }
    await nothingLostNothingTwice();
  },
);
