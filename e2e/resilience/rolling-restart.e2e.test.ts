import { startBalancer } from '@kith/local';
import { eventually, freePort } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import { contentsOf } from '../src/lists/friend-list-in-postgres.ts';
import { askAllTheTime } from '../src/people/ask-all-the-time.ts';
import { dataOf } from '../src/people/ask-gateway.ts';
import { makeFriends } from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

let system: SystemForTest;
let balancer: Awaited<ReturnType<typeof startBalancer>>;
let ann: Person;
let bob: Person;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 2, replicas: { user: 2, friend: 2 } });
  const PORT = await freePort();
  balancer = await startBalancer({ HOST: '127.0.0.1', PORT, gatewayUrls: system.gatewayUrls });
  ann = await signUp(balancer.url, 'ann');
  bob = await signUp(balancer.url, 'bob');
  await makeFriends(ann, bob);
});
afterAll(async () => {
  await balancer?.stop();
  await system?.stop();
});

test.skipIf(process.env.EVENT_BUS === 'in-process')(
  'all processes are restarted one after the other, and no client sees an error',
  async () => {
    const device = followFriendList({ gatewayUrls: [balancer.url], token: ann.token, transport: 'websocket' });
    await eventually('the snapshot', () => device.list.snapshots.length === 1);
    const asked = askAllTheTime(ann, bob);
    const { answered, written } = asked;
    const { user = [], friend = [] } = system.replicas;
    for (const process of [...user, ...friend, ...system.gateways]) {
      const before = { ...answered };
      await process.stop();
      await process.start();
      await eventually(`answers go on after ${process.name}`, () => {
        return answered.mutations > before.mutations + 3 && answered.reads > before.reads + 3;
      });
    }
    await asked.stop();
    expect(asked.errors).toEqual([]);
    expect(written.length).toBeGreaterThan(20);

    // And nothing was missed, or seen twice, by whoever watched.
    await eventually('the last remark', () => device.list.changes.at(-1)?.friend?.remark === written.at(-1));
    expect(device.list.changes.map(({ friend: changed }) => changed?.remark)).toEqual(written);
    expect(device.list.problems).toEqual([]);
    expect(contentsOf(device.list)).toEqual(contentsOf(await system.friendDatabase.list(ann.id)));
    await device.stop();
    expect(await dataOf(balancer.url, { query: '{ me { username } }', token: bob.token })).toBeTruthy();
  },
);
