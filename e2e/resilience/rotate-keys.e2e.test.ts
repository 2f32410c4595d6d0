import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startBalancer } from '@kith/local';
import { eventually, freePort } from '@kith/local-servers';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import { contentsOf } from '../src/lists/friend-list-in-postgres.ts';
import { askAllTheTime } from '../src/people/ask-all-the-time.ts';
import { dataOf } from '../src/people/ask-gateway.ts';
import { makeFriends } from '../src/people/friend-operations.ts';
import { PASSWORD, type Person, SIGN_IN, signUp } from '../src/people/person.ts';
import { giveSecondUsers } from '../src/system/give-second-users.ts';
import { runKith } from '../src/system/run-kith.ts';
import { PATIENT_GATEWAYS, type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

/** Longer than a verifier waits before it asks for an unknown key again. */
const SIGNS_AFTER_S = 35;
const AGAIN = { withinMs: 120_000 };

let system: SystemForTest;
let balancer: Awaited<ReturnType<typeof startBalancer>>;
let ann: Person;
let bob: Person;
beforeAll(async () => {
  system = await startSystemForTest({
    ...{ gateways: 2, replicas: { user: 2, friend: 2 } },
    env: { ...PATIENT_GATEWAYS, DRAIN_MS: '300' },
  });
  balancer = await startBalancer({ HOST: '127.0.0.1', PORT: await freePort(), gatewayUrls: system.gatewayUrls });
  ann = await signUp(balancer.url, 'ann');
  bob = await signUp(balancer.url, 'bob');
  await makeFriends(ann, bob);
});
afterAll(async () => {
  await balancer?.stop();
  await system?.stop();
});

/** One process of each kind after the other: the others go on meanwhile. */
async function roll(): Promise<void> {
  const { user = [], friend = [] } = system.replicas;
  const restart = async (process: (typeof user)[number] | undefined) => {
    await process?.stop();
    await process?.start();
  };
  for (const n of [0, 1]) await Promise.all([user[n], friend[n], system.gateways[n]].map(restart));
}

/** Signs in again and again, and uses each token; resolves to the keys that signed them. */
function signInAllTheTime() {
  let over = false;
  const kids = new Set<string>();
  const errors: unknown[] = [];
  const signingIn = (async () => {
    while (!over) {
      try {
        const variables = { input: { username: 'bob', password: PASSWORD } };
        const { accessToken } = (await dataOf(balancer.url, { query: SIGN_IN, variables })).signIn;
        const query = '{ me { username friends { totalCount } } }';
        for (let turn = 0; turn < 3; turn += 1) await dataOf(balancer.url, { query, token: accessToken });
        kids.add(JSON.parse(Buffer.from(accessToken.split('.')[0], 'base64url').toString()).kid);
      } catch (error) {
        errors.push(error);
      }
      await delay(500);
    }
  })();
  return {
    kids,
    errors,
    async stop() {
      over = true;
      await signingIn;
    },
  };
}

/** What each process of the services answers to this operator. */
const answersToOperator = (operatorKey: string) =>
  Promise.all(
    Object.values(system.replicas).flatMap((all) =>
      all.map(async ({ url }) => {
        const headers = { authorization: `Bearer ${operatorKey}` };
        return (await fetch(`${url}/operator/status`, { headers })).status;
      }),
    ),
  );
const each = (status: number) => Array.from({ length: 4 }, () => status);

test.skipIf(process.env.EVENT_BUS === 'in-process')(
  'keys, and users and passwords of all servers, are rotated under load, and no client sees an error',
  { timeout: 1_200_000 },
  async () => {
    const device = followFriendList({ gatewayUrls: [balancer.url], token: ann.token, transport: 'websocket' });
    await eventually('the snapshot', () => device.list.snapshots.length === 1, AGAIN);
    const asked = askAllTheTime(ann, bob);
    const signedIn = signInAllTheTime();
    onTestFinished(async () => void (await Promise.all([asked.stop(), signedIn.stop(), device.stop()])));
    const SIGNING_KEY_FILE = join(system.kithData, 'signing-keys.json');
    const { gatewayKey, operatorKey } = system;
    const fresh = { gatewayKey: 'a-gateway-key-that-is-new', operatorKey: 'an-operator-key-that-is-new' };

    const rotated = runKith(system, ['keys', 'rotate', '--after-seconds', String(SIGNS_AFTER_S), '--json'], {
      SIGNING_KEY_FILE,
    });
    const { kid } = JSON.parse((await rotated.ended).stdout);
    const { access, takeFirstAway } = await giveSecondUsers(system);

    // All accept the new ones.
    system.rewire({
      ...{
        access,
        gatewayKey: `${gatewayKey},${fresh.gatewayKey}`,
        operatorKey: `${operatorKey},${fresh.operatorKey}`,
      },
    });
    await roll();
    await takeFirstAway();
    expect(await answersToOperator(operatorKey)).toEqual(each(200));
    expect(await answersToOperator(fresh.operatorKey)).toEqual(each(200));
    // All show them.
    system.rewire({ gatewayKey: `${fresh.gatewayKey},${gatewayKey}` });
    await roll();
    // Nobody accepts the old ones.
    system.rewire(fresh);
    await roll();
    expect(await answersToOperator(operatorKey)).toEqual(each(401));
    expect(await answersToOperator(fresh.operatorKey)).toEqual(each(200));

    await eventually('the new key signs', () => signedIn.kids.has(kid), AGAIN);
    await asked.stop();
    await signedIn.stop();
    expect([...asked.errors, ...signedIn.errors]).toEqual([]);
    expect(signedIn.kids.size).toBe(2);
    expect(asked.written.length).toBeGreaterThan(20);

    await eventually(
      'the last remark',
      () => device.list.changes.at(-1)?.friend?.remark === asked.written.at(-1),
      AGAIN,
    );
    expect(device.list.changes.map(({ friend: changed }) => changed?.remark)).toEqual(asked.written);
    expect(device.list.problems).toEqual([]);
    expect(contentsOf(device.list)).toEqual(contentsOf(await system.friendDatabase.list(ann.id)));
  },
);
