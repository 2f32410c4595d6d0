import { eventually } from '@kith/local-servers';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokenForger } from '../src/attacks/forge-token.ts';
import { ReturningCrowd } from '../src/overload/returning-crowd.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

/** KITH_CROWD=2000 for the whole of it. */
const CROWD = Number(process.env.KITH_CROWD ?? 300);

let system: SystemForTest;
let crowd: ReturningCrowd;
let redis: Redis;
let userIds: string[];

beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1, env: { SOCKETS_PER_ADDRESS: String(2 * CROWD) } });
  redis = new Redis(system.redisUrl);
  const usernames = Array.from({ length: CROWD }, (_, index) => `n${index}`);
  const users: { id: string }[] = [];
  for (let from = 0; from < CROWD; from += 1_000) {
    const imported = await operate(system.user.url, 'import-users', {
      usernames: usernames.slice(from, from + 1_000),
      password: 'a password for all',
    });
    users.push(...imported.users);
  }
  userIds = users.map(({ id }) => id);
  // A ring: everybody has two friends.
  const pairs = userIds.map((id, index) => [id, userIds[(index + 1) % CROWD]!]);
  for (let from = 0; from < CROWD; from += 1_000) {
    await operate(system.friend.url, 'import-friendships', { pairs: pairs.slice(from, from + 1_000) });
  }
  // Thousands of sign-ins would keep argon2 busy for minutes.
  const { token } = await tokenForger(system.kithData);
  crowd = new ReturningCrowd(
    system.gatewayUrls[0]!,
    userIds.map((id) => token(id, { sid: `session-of-${id}` })),
  );
  for (let from = 0; from < CROWD; from += 100) await crowd.subscribe(crowd.people.slice(from, from + 100));
  await eventually('everybody’s snapshot', () => crowd.people.every(({ revisions }) => revisions.at(-1) === 2), {
    withinMs: 60_000,
  });
});
afterAll(async () => {
  crowd?.cut();
  redis?.disconnect();
  await system?.stop();
});

// biome-ignore lint/suspicious/noExplicitAny: whatever the endpoint answers.
async function operate(url: string, path: string, body: object): Promise<any> {
  const response = await fetch(`${url}/operator/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.operatorKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function metricsOf(url: string): Promise<(name: string) => number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** How often Redis was asked for where a list stands, and for anything by a script. */
async function redisReads(): Promise<{ revisions: number; scripts: number }> {
  const stats = await redis.info('commandstats');
  const calls = (command: string) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return { revisions: calls('hmget'), scripts: calls('evalsha') + calls('eval') };
}

const cpuSeconds = async (url: string) => (await metricsOf(url))('process_cpu_seconds_total');

test(`${CROWD} clients that come back at once with current cursors are live again, for a read of Redis each`, async () => {
  const [gatewayUrl] = system.gatewayUrls as [string];
  crowd.cut();
  await eventually('all to be gone', async () => (await metricsOf(gatewayUrl))('kith_live_subscribers') === 0);
  const before = { reads: await redisReads(), metrics: await metricsOf(gatewayUrl) };
  const cpuBefore = [await cpuSeconds(gatewayUrl), await cpuSeconds(system.friend.url)];
  const startedAt = performance.now();
  crowd.refusals = 0;
  const subscribing = crowd.subscribe();
  let progress = '';
  await eventually(
    'all to be live',
    async () => {
      const metric = await metricsOf(gatewayUrl);
      progress = `${metric('kith_live_subscribers')} came, ${metric('kith_live_catching_up')} of them catch up`;
      return metric('kith_live_subscribers') === CROWD && metric('kith_live_catching_up') === 0;
    },
    { everyMs: 50 },
  ).catch((cause: unknown) => {
    throw new Error(`Not all are live: ${progress}, ${crowd.refusals} were told to come again.`, { cause });
  });
  const tookMs = Math.round(performance.now() - startedAt);
  await subscribing;
  const reads = await redisReads();
  const polled =
    (await metricsOf(gatewayUrl))('kith_live_polled_lists_total') - before.metrics('kith_live_polled_lists_total');
  const cpu = [await cpuSeconds(gatewayUrl), await cpuSeconds(system.friend.url)];
  const each = (index: number) => (((cpu[index]! - cpuBefore[index]!) * 1_000) / CROWD).toFixed(2);
  const revisionReads = reads.revisions - before.reads.revisions;
  process.stdout.write(
    `${CROWD} clients live after ${tookMs} ms; ${revisionReads} reads of Redis, ${polled} of them by the ` +
      `poll; CPU a client: gateway ${each(0)} ms, friend service ${each(1)} ms; ${crowd.refusals} told to come again\n`,
  );
  // The poll that is under way is counted when it is answered: it may have read once more.
  expect(revisionReads).toBeLessThanOrEqual(CROWD + polled + CROWD);
  expect(reads.scripts - before.reads.scripts).toBe(0);
  expect(crowd.people.every(({ revisions }) => revisions.length === 1)).toBe(true);

  const added = await operate(system.friend.url, 'import-friendships', { pairs: [[userIds[0], userIds[2]]] });
  expect(added.bound).toBe(1);
  await eventually('the change of two of them', () =>
    [0, 2].every((index) => crowd.people[index]!.revisions.at(-1) === 3),
  );
});
