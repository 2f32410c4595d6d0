import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort } from '@kith/local-servers';
import { afterAll, expect, test } from 'vitest';
import { readSystemRecord } from '../data-folder/claim-data-folder.ts';
import { stillRuns } from '../data-folder/look-at-processes.ts';
import { DEMO_PASSWORD } from '../seed/seed-demonstration.ts';
import { runKith, runStart, type StartUnderTest, untilItRuns } from '../start/run-start-in-a-test.ts';

const ENOUGH_BYTES = 6 * 1024 ** 3;
const hasRoom = totalmem() >= ENOUGH_BYTES;
if (!hasRoom) process.stdout.write('A cluster on one machine wants 6 GB of memory: it is not started.\n');

const started: StartUnderTest[] = [];
const folders: string[] = [];
afterAll(async () => {
  for (const start of started) {
    start.process.kill('SIGINT');
    await start.ended;
  }
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function ask(gatewayUrl: string, query: string, token?: string) {
  const response = await fetch(`${gatewayUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data?: Record<string, never>; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the query's.
  return data as any;
}
const nicknameOf = async (gatewayUrl: string, token: string) =>
  (await ask(gatewayUrl, '{ me { nickname } }', token)).me.nickname;

test.skipIf(!hasRoom)(
  'a cluster starts, outlives killed nodes, stops without a trace, and has its data at the next start',
  async () => {
    const kithData = await mkdtemp(join(tmpdir(), 'kith-start-cluster-'));
    folders.push(kithData);
    const env = { KITH_DATA: kithData, PORT: String(await freePort()), LOG_LEVEL: 'warn' };
    const gatewayUrl = `http://127.0.0.1:${env.PORT}`;
    const first = runStart(env, { args: ['--cluster'] });
    started.push(first);
    await untilItRuns(first);
    const record = async () => (await readSystemRecord(kithData))!;
    const { processes } = await record();
    expect(Object.keys(processes).toSorted()).toEqual([
      ...['friend-1', 'friend-2', 'gateway-1', 'gateway-2', 'haproxy', 'nats-1', 'nats-2', 'nats-3', 'postgres-1'],
      ...['postgres-2', 'redis-1', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6', 'user-1', 'user-2'],
    ]);
    const signIn = `mutation { signIn(input: { username: "mr_hi", password: "${DEMO_PASSWORD}" }) { accessToken } }`;
    const { accessToken } = (await ask(gatewayUrl, signIn)).signIn;
    const rename = (nickname: string) =>
      eventually(`the nickname is ${nickname}`, async () => {
        await ask(
          gatewayUrl,
          `mutation { updateProfile(input: { nickname: "${nickname}" }) { user { nickname } } }`,
          accessToken,
        );
        return true;
      });
    await rename('One');
    await eventually('the standby may be promoted', () => first.said.stderr.includes('has all that'));

    for (const name of ['postgres-1', 'nats-1', 'redis-1', 'user-1', 'gateway-1'])
      process.kill(processes[name]!.pid, 'SIGKILL');
    await rename('Two');
    await eventually('the standby took over', () => first.said.stderr.includes('node_2 is the primary now'));
    await eventually(
      'all that was killed runs again',
      async () => {
        const now = (await record()).processes;
        return ['postgres-1', 'nats-1', 'redis-1', 'user-1', 'gateway-1'].every(
          (name) => now[name] && now[name].pid !== processes[name]!.pid && stillRuns(now[name]),
        );
      },
      { withinMs: 150_000 },
    );
    expect(await nicknameOf(gatewayUrl, accessToken)).toBe('Two');
    await eventually('nothing differs anywhere', async () => (await runKith(env, 'events', 'reconcile')).code === 0, {
      withinMs: 150_000,
      everyMs: 1_000,
    });

    const last = Object.values((await record()).processes);
    first.process.kill('SIGINT');
    expect((await first.ended).code).toBe(0);
    expect(last.filter(stillRuns)).toEqual([]);

    const second = runStart(env, { args: ['--cluster'] });
    started.push(second);
    await untilItRuns(second);
    expect(await nicknameOf(gatewayUrl, accessToken)).toBe('Two');
  },
);

test('a server that a variable names has no place in a cluster', async () => {
  const kithData = await mkdtemp(join(tmpdir(), 'kith-start-cluster-'));
  folders.push(kithData);
  const env = { KITH_DATA: kithData, PORT: String(await freePort()), NATS_URL: 'nats://127.0.0.1:1' };
  const { code, stderr } = await runStart(env, { args: ['--cluster'] }).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('--cluster starts all servers itself: unset NATS_URL, or leave --cluster out.');
});
