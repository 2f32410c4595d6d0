import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePort } from '@kith/local-servers';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { pathOutside } from '../src/adoption/find-nodes.ts';
import { readPage } from '../src/adoption/read-page.ts';
import { typePage } from '../src/adoption/type-page.ts';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import { askUntilAnswered } from '../src/people/ask-gateway.ts';
import { makeFriends, UPDATE_FRIEND } from '../src/people/friend-operations.ts';
import { signUp } from '../src/people/person.ts';
import { runKith, WORKSPACE } from '../src/system/run-kith.ts';
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

const isInProcess = process.env.EVENT_BUS === 'in-process';

/** A client that does not come back: what it heard, and what has ended it. */
function watchOnce(token: string, query: string) {
  const heard: unknown[] = [];
  const errors: unknown[] = [];
  const client = createClient({
    ...{ url: `${system.gatewayUrls[0]?.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 },
    connectionParams: { authorization: `Bearer ${token}` },
  });
  onTestFinished(() => void client.dispose());
  const error = (why: unknown) => void errors.push(...(Array.isArray(why) ? why : [why]));
  const next = (answer: { errors?: unknown }) => (answer.errors ? error(answer.errors) : void heard.push(answer));
  client.subscribe({ query }, { next, error, complete: () => undefined });
  return { heard, errors };
}

test('a field that is in use is removed by force alone: the command names the operations, and the gateway ends those who use it', async () => {
  const [gatewayUrl] = system.gatewayUrls as [string];
  const eve = await signUp(gatewayUrl, 'eve');
  const device = followFriendList({ gatewayUrls: system.gatewayUrls, token: eve.token });
  await eventually('the snapshot', () => device.list.snapshots.length === 1);
  const users = `subscription Usernames { friendListChanged { revision
    ... on FriendListSnapshot { friends { user { username } } } } }`;
  const using = watchOnce(eve.token, users);
  await eventually('the snapshot of the other', () => using.heard.length > 0);

  const { stdout: sdl } = await promisify(execFile)(process.execPath, [
    join(WORKSPACE, 'services/user/src/print-schema.ts'),
  ]);
  const [schema, operations] = [join(system.kithData, 'user.graphql'), join(system.kithData, 'operations.graphql')];
  const without = sdl.replace(/"""What they sign in with[^"]*"""\s*username: String!/, '');
  expect(without).not.toBe(sdl);
  await writeFile(schema, without);
  await writeFile(operations, `${users} query Nicknames { me { nickname } }`);
  const file = join(system.kithData, 'supergraph.graphql');
  const publish = (...args: string[]) =>
    runKith(system, ['supergraph', 'publish', '--json', ...args], {
      ...{ SUBGRAPHS_FILE: join(system.kithData, 'subgraphs.json'), SUPERGRAPH_FILE: file },
      GATEWAY_KEY: system.gatewayKey,
    }).ended;
  // What a test before has left there is no supergraph.
  expect(await publish('--force')).toMatchObject({ code: 0 });
  const before = await readFile(file, 'utf8');
  const refused = await publish(`user=${schema}`, '--operations', operations);
  expect(refused.code).toBe(1);
  const { error, broken } = JSON.parse(refused.stdout);
  expect([error.code, broken.map(({ name }: { name: string }) => name)]).toEqual(['BREAKS_CLIENTS', ['Usernames']]);
  expect([await readFile(file, 'utf8'), using.errors]).toEqual([before, []]);

  expect(await publish(`user=${schema}`, '--force')).toMatchObject({ code: 0 });
  await eventually('the end of who used it', () => using.errors.length > 0);
  expect(using.errors).toMatchObject([
    { message: expect.stringContaining('"username"'), extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  const log = await readFile(join(system.kithData, 'logs', `${isInProcess ? 'kith' : 'gateway'}.log`), 'utf8');
  expect(log.split('\n').filter((line) => line.includes('they have ended') && line.includes('Usernames'))).toHaveLength(
    1,
  );
  expect([device.endings, device.list.problems]).toEqual([[], []]);
  await device.stop();
  expect(await publish()).toMatchObject({ code: 0 });
});

test('a service of a stranger joins, answers with the others, and leaves, as the page says', async () => {
  const [gatewayUrl] = system.gatewayUrls as [string];
  const folder = join(system.kithData, 'birthdays');
  await mkdir(folder);
  const port = String(await freePort());
  const page = readPage(await readFile(join(WORKSPACE, 'docs/joining/join-your-service.md'), 'utf8'));
  expect(page.filter(({ kind }) => kind === 'answer')).toHaveLength(3);
  await typePage(page, {
    folder,
    env: {
      ...{ HOME: process.env.HOME, PATH: [dirname(process.execPath), pathOutside].join(delimiter), PORT: port },
      ...{ KITH_DATA: system.kithData, SUBGRAPHS_FILE: join(system.kithData, 'subgraphs.json') },
      ...{ SUPERGRAPH_FILE: join(system.kithData, 'supergraph.graphql') },
      ...{ GATEWAY_KEY: system.gatewayKey, USER_URL: system.user.url, FRIEND_URL: system.friend.url },
    },
    instead: {
      'http://127.0.0.1:4000': gatewayUrl,
      '127.0.0.1:4300': `127.0.0.1:${port}`,
      // What the workspace has of them, and nothing else of it.
      'npm install graphql@16 @apollo/subgraph@2 jose@6': `ln -s ${join(WORKSPACE, 'examples/circles/node_modules')} node_modules`,
      'npx -y pnpm@12 kith': `${process.execPath} ${join(WORKSPACE, 'operator/src/kith.ts')}`,
    },
  });
  expect(system.gateways[0]?.running).toBe(true);
});
