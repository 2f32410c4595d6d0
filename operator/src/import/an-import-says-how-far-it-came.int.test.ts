import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { workspaceRoot } from '@kith/local';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

type Body = { url?: string; usernames?: string[]; nicknames?: string[]; pairs?: [string, string][] };

/** Stands in for both services: what a real one answers is slower than a test can be sure of. */
let service: Server;
let folder: string;
const taken: Body[] = [];
/** How a batch of friendships is answered; undefined: held until the test lets it go. */
let answer: ((response: ServerResponse, body: Body) => void) | undefined;
const held: (() => void)[] = [];

const send = (response: ServerResponse, value: object, status = 200) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
/** How an import into an empty system is answered, by its address. */
let answerInitial: (response: ServerResponse, url: string) => void = () => undefined;

const bind = (response: ServerResponse, { pairs = [] }: Body) =>
  send(response, { bound: pairs.length, existing: 0, failed: [] });

beforeAll(async () => {
  service = createServer(async (request, response) => {
    const body = (await json(request)) as Body;
    taken.push(request.url?.includes('initial') ? { ...body, url: request.url } : body);
    if (request.url?.includes('initial')) answerInitial(response, request.url);
    else if (body.usernames) {
      const users = body.usernames.map((username) => ({ username, id: `id of ${username}` }));
      send(response, { created: users.length, users });
    } else if (answer) answer(response, body);
    else held.push(() => bind(response, body));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(join(tmpdir(), 'kith-import-'));
});
afterAll(async () => {
  service.closeAllConnections();
  await new Promise((resolve) => service.close(resolve));
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  taken.length = 0;
  held.length = 0;
  answer = bind;
});

async function kithImport(content: string, ...flags: string[]) {
  const file = join(folder, 'edges');
  await writeFile(file, content);
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const child = spawn(join(workspaceRoot, 'kith'), ['import', file, '--password', 'correct horse', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, USER_URL: url, FRIEND_URL: url, OPERATOR_KEY: 'the key of an operator' },
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (said[name] += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  return { child, ended };
}

const MANY = Array.from({ length: 4_500 }, (_, n) => `${n} ${n + 1}`).join('\n');

/** So many that a signal comes before the end, however late it is. */
const VERY_MANY = Array.from({ length: 40_000 }, (_, n) => `${n} ${n + 1}`).join('\n');

test.each([
  { flags: [], how: 'in words', signal: 'SIGTERM', code: 143 },
  { flags: ['--json'], how: 'in JSON', signal: 'SIGINT', code: 130 },
] as const)(
  'stopped by $signal it finishes what was sent and says $how how far it came',
  async ({ flags, signal, code }) => {
    let batches = 0;
    answer = (response, body) => {
      batches += 1;
      if (batches <= 2) bind(response, body);
      else held.push(() => bind(response, body));
    };
    const { child, ended } = await kithImport(VERY_MANY, ...flags);
    await eventually('two batches are done, and two under way', () => held.length === 2);
    child.kill(signal);
    const lettingGo = setInterval(() => held.shift()?.(), 100);
    const { stdout, stderr, ...told } = await ended.finally(() => clearInterval(lettingGo));
    expect([told, stderr]).toEqual([{ code }, '']);
    expect(batches).toBeLessThan(40);
    const bound = taken.reduce((sum, { pairs = [] }) => sum + pairs.length, 0);
    if (flags.length === 0) {
      const words = bound.toLocaleString('en');
      expect(stdout).toContain(
        `users         40,001, of them new: 40,001\nfriendships   ${words}, of them new: ${words};`,
      );
      expect(stdout).toMatch(/stopped by SIGTERM, of 40,000 friendships: run it again to go on\.\n$/);
    } else {
      expect(JSON.parse(stdout)).toMatchObject({ stopped: 'SIGINT', friendships: { lines: 40_000, bound } });
    }
  },
);

test.each([{ flags: [] }, { flags: ['--json'] }])(
  'when it fails half way it says so, and how far it came ($flags)',
  async ({ flags }) => {
    let batches = 0;
    answer = (response, body) => {
      batches += 1;
      if (batches === 1) bind(response, body);
      else send(response, { errors: [{ message: 'no more', extensions: { code: 'FORBIDDEN' } }] }, 403);
    };
    const { code, stdout, stderr } = await (await kithImport(MANY, ...flags)).ended;
    expect(code).toBe(1);
    if (flags.length === 0) {
      expect(stdout).toMatch(/friendships +1,000, of them new: 1,000/);
      expect(stderr).toMatch(/no more The import can be run again\.\n$/);
    } else {
      const told = { error: { code: 'FORBIDDEN' }, friendships: { bound: 1_000 }, users: { created: 4_501 } };
      expect([JSON.parse(stdout), stderr]).toEqual([
        expect.objectContaining({ error: expect.objectContaining(told.error) }),
        '',
      ]);
      expect(JSON.parse(stdout)).toMatchObject(told);
    }
  },
);

test('weights and time stamps are ignored, with one notice; in JSON it is a field', async () => {
  const weighted = '1 2 0.5 1082040961\n2 3 0.7 1082040962\n3 4\n';
  const { stderr, code } = await (await kithImport(weighted)).ended;
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/edges:1: "0\.5 1082040961" behind the two ids is ignored, and the like in 2 lines\.\n$/),
  ]);
  const inJson = await (await kithImport(weighted, '--json')).ended;
  expect(inJson.stderr).toBe('');
  expect(JSON.parse(inJson.stdout)).toMatchObject({
    ignored: { lineCount: 2, firstLine: 1 },
    friendships: { bound: 3 },
  });
});

test('with --ids names people get their names; two that would be one user are not made one', async () => {
  const { code, stdout } = await (
    await kithImport('Ann-Lee,Bob\nbob,ann-lee\nann.lee,Bob\nBob,Zoë\n', '--ids', 'names', '--json')
  ).ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    badLines: [{ line: 3, reason: '"ann.lee" and "Ann-Lee" would be one user, ann_lee' }],
    friendships: { bound: 2 },
  });
  const [users, friendships] = taken;
  expect(users).toMatchObject({ usernames: ['ann_lee', 'bob', 'zoe'], nicknames: ['Ann-Lee', 'Bob', 'Zoë'] });
  expect(friendships?.pairs).toContainEqual(['id of bob', 'id of zoe']);
});

test('beside other work it waits for answers, two at once, and sends less each time', async () => {
  let mostAtOnce = 0;
  let underWay = 0;
  answer = (response, body) => {
    underWay += 1;
    mostAtOnce = Math.max(mostAtOnce, underWay);
    // As slow as a machine on which a batch as large takes longer than it should.
    setTimeout(
      () => {
        underWay -= 1;
        bind(response, body);
      },
      (body.pairs?.length ?? 0) > 600 ? 3_200 : 0,
    );
  };
  const { code, stdout } = await (await kithImport(MANY, '--json')).ended;
  expect([code, JSON.parse(stdout).friendships.bound]).toEqual([0, 4_500]);
  expect(mostAtOnce).toBe(2);
  const sizes = taken.flatMap(({ pairs }) => (pairs ? [pairs.length] : []));
  expect(sizes.slice(0, 2)).toEqual([1_000, 1_000]);
  expect(Math.min(...sizes.slice(2, -1))).toBeLessThan(600);
});

const INITIAL = '/operator/initial-import';

test('with --initial all pairs are sent, with their lines, before the service makes friends of them', async () => {
  answerInitial = (response, url) => {
    if (url === INITIAL) return send(response, { import: 'the import' });
    if (url.endsWith('/pairs')) return send(response, { staged: 0 });
    response.write(`${JSON.stringify({ progress: { done: 1, total: 3 } })}\n`);
    const failed = [{ line: 4, code: 'FRIEND_LIMIT_REACHED', message: 'Their list is full.' }];
    response.end(`${JSON.stringify({ result: { bound: 2, existing: 1, failedCount: 1, failed } })}\n`);
  };
  const { code, stdout } = await (await kithImport('# a comment\n1 2\n2 3\n1 3\n2 1\n', '--initial', '--json')).ended;
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    friendships: { lines: 4, bound: 2, existing: 1, failedCount: 1 },
    failed: [{ line: 4, code: 'FRIEND_LIMIT_REACHED' }],
  });
  const [begun, users, staged, finished] = taken;
  expect([begun?.url, users?.usernames]).toEqual([INITIAL, ['n1', 'n2', 'n3']]);
  const pairs = [
    [2, 'id of n1', 'id of n2'],
    [3, 'id of n2', 'id of n3'],
    [4, 'id of n1', 'id of n3'],
    [5, 'id of n2', 'id of n1'],
  ];
  expect(staged).toEqual({ url: `${INITIAL}/pairs`, import: 'the import', pairs });
  expect(finished).toEqual({ url: `${INITIAL}/lists`, import: 'the import', pairs: 4 });
});

test.each([
  ['at once, before anybody is made', INITIAL, 1],
  ['in the end', `${INITIAL}/lists`, 4],
])('a system that is not empty refuses --initial %s, with a sentence', async (_, where, calls) => {
  answerInitial = (response, url) => {
    const refused = { code: 'NOT_ALLOWED', message: 'The system is not empty.' };
    if (url === INITIAL && url === where) {
      send(response, { errors: [{ message: refused.message, extensions: { code: refused.code } }] }, 403);
    } else if (url === where) response.end(`${JSON.stringify({ refused })}\n`);
    else send(response, { import: 'the import' });
  };
  const { code, stdout } = await (await kithImport('1 2\n', '--initial', '--json')).ended;
  expect([code, taken.length]).toEqual([1, calls]);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'NOT_ALLOWED',
    message: expect.stringContaining('The system is not empty.'),
  });
});
