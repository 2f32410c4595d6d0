import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import { askUntilAnswered } from '../src/people/ask-gateway.ts';
import { makeFriends, UPDATE_FRIEND } from '../src/people/friend-operations.ts';
import { signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

let system: SystemForTest;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
});
afterAll(() => system?.stop());

async function reloads(outcome: 'taken' | 'refused'): Promise<number> {
  const text = await (await fetch(`${system.gatewayUrls[0]}/metrics`)).text();
  return Number(
    new RegExp(`^kith_supergraph_reloads_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
  );
}

test('SIGHUP makes the gateway take up a new supergraph and refuse a bad one, and subscriptions go on', async () => {
  const [gatewayUrl] = system.gatewayUrls as [string];
  const ann = await signUp(gatewayUrl, 'ann');
  const bob = await signUp(gatewayUrl, 'bob');
  await makeFriends(ann, bob);
  const device = followFriendList({ gatewayUrls: system.gatewayUrls, token: ann.token });
  await eventually('the snapshot', () => device.list.snapshots.length === 1);
  const seen: string[] = [];
  const write = async (remark: string) => {
    const variables = { input: { userId: bob.id, remark } };
    await askUntilAnswered(system.gatewayUrls, { query: UPDATE_FRIEND, variables, token: ann.token });
    seen.push(remark);
    await eventually(remark, () => device.list.changes.at(-1)?.friend?.remark === remark);
  };
  await write('before');

  const file = join(system.kithData, 'supergraph.graphql');
  const { pid } = system.gateways[0]!;
  await appendFile(file, '\n# another deploy\n');
  process.kill(pid!, 'SIGHUP');
  await eventually('it to be taken', async () => (await reloads('taken')) === 1);
  await write('with the new one');

  await writeFile(file, 'half a fi');
  process.kill(pid!, 'SIGHUP');
  await eventually('the refusal', async () => (await reloads('refused')) === 1);
  await write('with the one before still');

  expect(system.gateways[0]).toMatchObject({ running: true, pid });
  expect(device.endings).toEqual([]);
  expect(device.list.problems).toEqual([]);
  expect(device.list.changes.map(({ friend }) => friend?.remark)).toEqual(seen);
  await device.stop();
});
