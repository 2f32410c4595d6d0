import { liveFriendList } from '@kith/event-contracts';
import { eventually, type LocalRedisCluster, missesNothing, startRedisCluster } from '@kith/local-servers';
import { usersOfRedis } from '@kith/services';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, startFriendServiceForTest, type TestFriendService } from './testing/start-friend-service-for-test.ts';

const UPDATE = 'mutation ($input: UpdateFriendInput!) { updateFriend(input: $input) { listCursor } }';
const READ = `query ($of: _Any!) {
  _entities(representations: [$of]) { ... on User { friends(first: 5) { edges { node { remark } } } } }
}`;

let cluster: LocalRedisCluster;
let service: TestFriendService;
const pairs: [owner: string, friend: string][] = [];

beforeAll(async () => {
  cluster = await startRedisCluster({ users: usersOfRedis });
  service = await startFriendServiceForTest({ REDIS_URL: cluster.urlOf('friend') });
  for (let number = 0; number < 6; number += 1)
    pairs.push([await service.users.signUp(), await service.users.signUp()]);
  const headers = { authorization: `Bearer ${service.operatorKey}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ pairs });
  await fetch(`${service.url}/operator/import-friendships`, { method: 'POST', headers, body });
});
afterAll(async () => {
  await service?.stop();
  await cluster?.stop();
});

async function differences(): Promise<number> {
  const headers = { authorization: `Bearer ${service.operatorKey}` };
  const lines = (await (await fetch(`${service.url}/operator/reconcile`, { headers })).text()).trim().split('\n');
  return JSON.parse(lines.at(-1) as string).result.differences;
}

/** Changes and reads every list until `over`; answers how many changes each list had, once all of them are answered. */
async function work(over: () => boolean, codes: Set<unknown>, name: string): Promise<Map<string, string>> {
  const last = new Map<string, string>();
  await Promise.all(
    pairs.map(async ([owner, friend]) => {
      const ask = await service.as(owner);
      for (let round = 0; !over() || round < 2; round += 1) {
        const remark = `${name} ${round}`;
        const changed = await ask(UPDATE, { variables: { input: { userId: friend, remark } } });
        for (const code of codesOf(changed)) codes.add(code);
        if (codesOf(changed).length > 0) continue;
        last.set(owner, remark);
        const read = await ask(READ, { variables: { of: { __typename: 'User', id: owner } } });
        for (const code of codesOf(read)) codes.add(code);
        expect(read.data._entities[0].friends.edges[0].node.remark).toBe(remark);
      }
    }),
  );
  return last;
}

const FAULTS: [string, () => Promise<void>][] = [
  [
    'a primary is killed',
    async () => {
      const [primary] = await cluster.primaries();
      await primary!.kill();
      await eventually('its slots are served', async () => !(await cluster.primaries()).includes(primary!));
      await primary!.start();
      await cluster.settle();
    },
  ],
  [
    'failovers are planned',
    async () => {
      for (const primary of await cluster.primaries()) await cluster.promote(await cluster.replicaOf(primary));
    },
  ],
  [
    'the slots of all lists are moved',
    async () => {
      for (const [owner] of pairs) {
        const from = await cluster.primaryOf(`{${owner}}`);
        await cluster.moveSlotOf(`{${owner}}`, (await cluster.primaries()).find((node) => node !== from)!);
      }
    },
  ],
  [
    'all is flushed',
    async () => {
      for (const node of await cluster.primaries()) await node.tell('FLUSHALL');
    },
  ],
  [
    'there is no memory left',
    async () => {
      const set = async (bytes: number) => {
        for (const node of cluster.nodes) await node.tell('CONFIG', 'SET', 'maxmemory', bytes);
      };
      await set(1);
      const [[owner, friend]] = pairs as [[string, string]];
      const ask = await service.as(owner);
      for (let times = 0; times < 5; times += 1) {
        await ask(UPDATE, { variables: { input: { userId: friend, tags: [`full ${times}`] } } });
      }
      await set(0);
    },
  ],
];

test.each(FAULTS)(
  'while %s every read is right, every change is heard, and the views are whole afterwards',
  async (name, harm) => {
    const heard = new Map(pairs.map(([owner]) => [owner, new Set<string>()]));
    const stops = pairs.map(([owner]) =>
      service.broker.listen(liveFriendList(owner), (payload) => {
        heard.get(owner)?.add(payload);
      }),
    );
    const codes = new Set<unknown>();
    let over = false;
    const working = work(() => over, codes, name);
    await harm().finally(() => {
      over = true;
    });
    const last = await working;
    expect([...codes]).toEqual([]);
    for (const [owner] of pairs) {
      const remark = last.get(owner) as string;
      await eventually('the last change is heard', () => [...heard.get(owner)!].some((text) => text.includes(remark)));
    }
    await eventually('Redis answers', () => missesNothing(service.url));
    await eventually('there are no differences', async () => (await differences()) === 0);
    for (const { stop } of stops) await stop();
  },
);
