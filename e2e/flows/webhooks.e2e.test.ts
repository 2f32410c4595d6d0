import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort } from '@kith/local-servers';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeFriends, updateFriend } from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { jsonLines, runKith, WORKSPACE } from '../src/system/run-kith.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

let system: SystemForTest;
beforeAll(async () => {
  system = await startSystemForTest({
    env: {
      WEBHOOKS: 'on',
      WEBHOOK_ALLOW_HTTP: 'on',
      WEBHOOK_ALLOWED_RANGES: '127.0.0.1',
      WEBHOOK_RETRY_FIRST_MS: '100',
      WEBHOOK_TIMEOUT_MS: '1000',
    },
  });
});
afterAll(() => system?.stop());

const gateway = () => system.gatewayUrls[0] as string;

async function kith(...args: string[]) {
  const { code, stdout, stderr } = await runKith(system, ['webhooks', ...args, '--json']).ended;
  return { code, lines: jsonLines(stdout), stderr };
}

async function register(url: string, events = 'kith.friend.*'): Promise<{ id: string; secret: string }> {
  const { code, lines, stderr } = await kith('add', url, '--events', events);
  expect([code, stderr]).toEqual([0, '']);
  onTestFinished(async () => void (await kith('remove', lines[0].id)));
  return lines[0];
}

let people = 0;
async function twoFriends(): Promise<[Person, Person]> {
  people += 1;
  const both: [Person, Person] = [
    await signUp(gateway(), `hook_ann_${people}`, 'Ann'),
    await signUp(gateway(), `hook_bob_${people}`, 'Bob'),
  ];
  await makeFriends(...both);
  return both;
}

/** The receiver of docs/webhooks.md, as it is typed there, in a process of its own. */
async function runReceiverOfTheDocs(port: number, secret: string) {
  const page = await readFile(join(WORKSPACE, 'docs/webhooks.md'), 'utf8');
  const [, code = ''] = /```js verify\n([\s\S]+?)```/.exec(page) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'kith-receiver-'));
  await symlink(join(WORKSPACE, 'e2e/node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'receiver.mjs'), code);
  const child: ChildProcess = spawn(process.execPath, [join(folder, 'receiver.mjs')], {
    env: { PATH: process.env.PATH, PORT: String(port), WEBHOOK_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => said.push(...text.trim().split('\n')));
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await rm(folder, { recursive: true });
  });
  return said;
}

test('a friendship begun arrives at the receiver of the docs, which refuses what is not signed', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const { id, secret } = await register(url);
  const [ann, bob] = await twoFriends();
  const said = await runReceiverOfTheDocs(port, secret);
  const begun = [ann, bob].map(({ id: owner }) => `kith.friend.added.v1 ${owner}`);
  await eventually('both lists told of it', () => begun.every((line) => said.some((each) => each.startsWith(line))));
  const forged = await fetch(url, {
    method: 'POST',
    headers: {
      'webhook-id': 'x',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': 'v1,x',
    },
    body: '{}',
  });
  expect(forged.status).toBe(401);
  expect((await kith('test', id)).lines).toMatchObject([{ outcome: 'delivered', status: 204 }]);
  await eventually('the log says so', async () => {
    const { lines } = await kith('deliveries', id, '--state', 'delivered');
    return lines.length === 2;
  });
});

test('a service that is killed in the middle loses nothing and keeps the order', async () => {
  const seen: { id: string; revision: number; owner: string }[] = [];
  let secret = '';
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    // biome-ignore lint/suspicious/noExplicitAny: an event, which the contract describes.
    const event = new Webhook(secret).verify(body, request.headers as Record<string, string>) as any;
    seen.push({ id: String(request.headers['webhook-id']), revision: event.revision, owner: event.subject });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  ({ secret } = await register(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));

  const [ann, bob] = await twoFriends();
  const changes = 20;
  // With the bus inside the process all of Kith is killed: there is nobody to change anything meanwhile.
  const isAlone = system.webhook?.pid !== system.user.pid;
  for (let step = 1; step <= changes; step += 1) {
    await updateFriend(ann, bob.id, { remark: `remark ${step}` });
    if (step === 5 || step === 12) {
      await eventually('some have arrived', () => seen.some(({ owner }) => owner === ann.id));
      await system.webhook?.kill();
      if (!isAlone) await system.webhook?.start();
    }
    if (step === 8 || step === 15) await system.webhook?.start();
  }
  const ofAnn = () => seen.filter(({ owner }) => owner === ann.id);
  const distinct = () => [...new Set(ofAnn().map(({ revision }) => revision))];
  await eventually('all have arrived', () => distinct().length === changes + 1);
  expect(distinct()).toEqual(distinct().toSorted((a, b) => a - b));
  expect(distinct().at(-1)).toBe((distinct()[0] as number) + changes);
  expect(new Set(ofAnn().map(({ id }) => id)).size).toBe(changes + 1);
});

test.each([
  [['add', 'https://169.254.169.254/latest/meta-data'], /not on the public internet/],
  [['add', 'http://127.0.0.1/', '--events', 'kith.freind.*'], /fits no event/],
  [['deliveries', 'first'], /no id of an endpoint/],
])('kith webhooks %j is refused with a code', async (args, sentence) => {
  const { code, lines } = await kith(...args);
  expect([code, lines[0].error.code]).toEqual([1, 'BAD_USER_INPUT']);
  expect(lines[0].error.message).toMatch(sentence);
  expect((await kith('list')).lines).toEqual([{ endpoints: 0 }]);
});

test('endpoints are listed, paused, resumed and given new secrets by command, and the system misses nothing', async () => {
  const { id, secret } = await register('http://127.0.0.1:9/', 'kith.user.*');
  expect((await kith('pause', id)).code).toBe(0);
  expect((await kith('list')).lines).toMatchObject([{ id, state: 'paused', events: ['kith.user.*'] }]);
  expect((await kith('resume', id)).code).toBe(0);
  expect((await kith('list')).lines).toMatchObject([{ id, state: 'active' }]);
  const { lines } = await kith('rotate-secret', id);
  expect(lines[0].secret).toMatch(/^whsec_/);
  expect(lines[0].secret).not.toBe(secret);
  expect((await kith('test', id)).code).toBe(1);
  const status = await runKith(system, ['status', '--json']).ended;
  const webhook = jsonLines(status.stdout)[0].processes.find(({ name }: { name: string }) => name === 'webhook');
  expect(webhook).toMatchObject({ ready: true, missing: [], status: { consuming: true, webhooks: { endpoints: 1 } } });
  const reconciled = await runKith(system, ['events', 'reconcile', '--json']).ended;
  expect([reconciled.code, reconciled.stderr]).toEqual([0, '']);
});

test('without the service its commands say how to start it', async () => {
  const { user, friend, operatorKey } = system;
  const { code, stderr } = await runKith({ user, friend, operatorKey }, ['webhooks', 'list']).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/WEBHOOKS=on/);
});
