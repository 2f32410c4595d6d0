import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import type { Follower } from '../src/lists/follow-list.ts';
import { askUntilAnswered } from '../src/people/ask-gateway.ts';
import { makeFriends, UPDATE_FRIEND } from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

// Announcements are fire and forget: what a list is told when they do not come.

// In one process (EVENT_BUS=in-process) there is no NATS that could be away.
const testOfNats = test.skipIf(process.env.EVENT_BUS === 'in-process');

let system: SystemForTest;
let ann: Person;
let bob: Person;
let device: Follower;

beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
  const [gatewayUrl] = system.gatewayUrls as [string];
  ann = await signUp(gatewayUrl, 'ann');
  bob = await signUp(gatewayUrl, 'bob');
  await makeFriends(ann, bob);
  device = followFriendList({ gatewayUrls: system.gatewayUrls, token: ann.token });
  await eventually('the snapshot', () => device.list.snapshots.length === 1);
});
afterAll(async () => {
  await device?.stop();
  await system?.stop();
});

/** Writes a remark; answers after how many ms the device has seen it. */
async function writeAndSee(remark: string): Promise<number> {
  const variables = { input: { userId: bob.id, remark } };
  await askUntilAnswered(system.gatewayUrls, { query: UPDATE_FRIEND, variables, token: ann.token });
  const answeredAt = performance.now();
  await eventually(`"${remark}"`, () => device.list.changes.at(-1)?.friend?.remark === remark);
  return Math.round(performance.now() - answeredAt);
}

/** KITH_NATS_AWAY_S=60: how long it is away. */
const AWAY_MS = Number(process.env.KITH_NATS_AWAY_S ?? 15) * 1_000;

testOfNats('while NATS is stopped each change arrives nevertheless, and so when it is back', async () => {
  await system.nats.stop();
  const until = performance.now() + AWAY_MS;
  const tookMs: number[] = [];
  while (performance.now() < until) tookMs.push(await writeAndSee(`away ${tookMs.length}`));
  process.stdout.write(`NATS away for ${AWAY_MS / 1000} s: changes arrived after ${tookMs.join(', ')} ms\n`);
  await system.nats.start();
  await eventually('all are ready', async () => (await fetch(`${system.gatewayUrls[0]}/ready`)).ok);
  await writeAndSee('back');
  expect(device.list.problems).toEqual([]);
  expect(device.list.snapshots).toHaveLength(1);
});

test('while Redis is stopped each change arrives', async () => {
  await system.redis.stop();
  const tookMs: number[] = [];
  for (let round = 0; round < 5; round += 1) tookMs.push(await writeAndSee(`no redis ${round}`));
  process.stdout.write(`Redis stopped: changes arrived after ${tookMs.join(', ')} ms\n`);
  await system.redis.start();
  await writeAndSee('redis is back');
  expect(device.list.problems).toEqual([]);
});

testOfNats(
  'a gateway that starts while NATS is away serves at once, says what is missing, and its lists are live',
  async () => {
    const [gateway] = system.gateways;
    const [url] = system.gatewayUrls as [string];
    await system.nats.stop();
    await gateway!.kill();
    // A process counts as started when nothing is missing, so its start is not waited for.
    const starting = gateway!.start();
    const missing = await eventually('it to listen', async () => {
      const response = await fetch(`${url}/ready`);
      return ((await response.json()) as { missing?: string[] }).missing;
    });
    // The friend service misses NATS itself.
    expect(missing).toContain('nats');
    await eventually('the device to be back', () => device.endings.length > 0);
    await writeAndSee('without NATS since the start');
    await system.nats.start();
    await starting;
    await writeAndSee('with NATS');
    expect(device.list.problems).toEqual([]);
  },
);
