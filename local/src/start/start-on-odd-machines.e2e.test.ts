import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, freePort, NATS_COMMANDS, REDIS_COMMANDS } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEMO_PASSWORD } from '../seed/seed-demonstration.ts';
import { workspaceRoot } from '../system/run-program-with-node-24.ts';
import { type Ended, runKith, runStart, type StartUnderTest, untilItRuns } from './run-start-in-a-test.ts';

/** A user who owns nothing, where tests run as root. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const mayEnter =
  isRoot && spawnSync('setpriv', [...asNobody(), 'test', '-r', join(workspaceRoot, 'package.json')]).status === 0;
const mayMount = isRoot && spawnSync('unshare', ['-m', 'true']).status === 0;

function asNobody(): string[] {
  return [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
}

let folder: string;
let running: StartUnderTest | undefined;
let proxy: Server;
let proxied = 0;
beforeEach(async () => {
  // Whoever the start runs as, this is where it is to go.
  folder = await mkdtemp(join(tmpdir(), 'kith dätä 数 '));
  await chmod(folder, 0o755);
  proxied = 0;
  proxy = createServer((socket) => {
    proxied += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  running?.process.kill('SIGTERM');
  await running?.ended;
  running = undefined;
  await new Promise((resolve) => proxy.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const ask = async (port: string, query: string) => {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data?: { signIn?: { accessToken: string } }; errors?: unknown };
};
const SIGN_IN = `mutation { signIn(input: { username: "mr_hi", password: "${DEMO_PASSWORD}" }) { accessToken } }`;

function proxyVariables(): Record<string, string> {
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const names = ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);
  return { NODE_USE_ENV_PROXY: '1', ...Object.fromEntries(names.map((name) => [name, url])) };
}

test('in a folder with spaces and other letters, on a dumb terminal, in the C locale and with a proxy it starts and answers', async () => {
  const port = String(await freePort());
  const env = { KITH_DATA: join(folder, 'my data é'), PORT: port, LANG: 'C', TERM: 'dumb', ...proxyVariables() };
  running = runStart(env);
  await untilItRuns(running);
  // The very first sign-in after it said so.
  expect((await ask(port, SIGN_IN)).data?.signIn?.accessToken).toMatch(/\w/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals obey is no text.
  expect(running.said.stdout + running.said.stderr).not.toMatch(/\x1b/);

  const status = await runKith(env, 'status', '--json');
  expect([status.code, status.stderr]).toEqual([0, '']);
  const { processes, streams, consumers } = JSON.parse(status.stdout) as Record<string, { name?: string }[]>;
  expect(processes?.map(({ name }) => name)).toEqual(['gateway', 'user', 'friend']);
  for (const shared of [streams, consumers]) {
    expect(shared?.length).toBeGreaterThan(0);
    expect(new Set(shared?.map((each) => JSON.stringify(each))).size).toBe(shared?.length);
  }
  const inWords = (await runKith(env, 'status')).stdout;
  expect(inWords.match(/^streams$/gm)).toHaveLength(1);
  expect(await runKith(env, 'events', 'reconcile')).toMatchObject({ code: 0 });
  expect(proxied).toBe(0);

  running.process.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
  const log = (await readFile(join(env.KITH_DATA, 'logs', 'gateway.log'), 'utf8')).trim().split('\n');
  expect(log.map((line) => JSON.parse(line).msg)).toEqual(['starts', 'serves', 'ready', 'stops', 'stopped']);
  expect(JSON.parse(log[0] ?? '')).toMatchObject({ level: 'info', name: 'gateway' });
});

test.skipIf(!mayEnter)('a user who is not root starts it with servers that are in PATH alone', async () => {
  const programs = join(folder, 'programs');
  await mkdir(programs);
  for (const commands of [NATS_COMMANDS, REDIS_COMMANDS]) {
    const found = findProgram(commands);
    if (found) await symlink(found, join(programs, commands[0]));
  }
  const data = join(folder, 'data');
  await mkdir(data);
  await chown(data, NOBODY, NOBODY);
  const port = String(await freePort());
  const env = { KITH_DATA: data, PORT: port, PATH: `${programs}:/bin` };
  running = runStart(env, { through: ['setpriv', ...asNobody()] });
  await untilItRuns(running);
  expect((await ask(port, SIGN_IN)).data?.signIn?.accessToken).toMatch(/\w/);
});

/** Runs `start` to its end in a mount namespace of its own, which this prepares. */
async function startAfter(prepare: string, env: Record<string, string>, as: string[] = []): Promise<Ended> {
  const script = join(folder, 'prepare.sh');
  await writeFile(script, `set -e\n${prepare}\nexec "$@"\n`);
  return runStart({ PORT: String(await freePort()), ...env }, { through: ['unshare', '-m', 'sh', script, ...as] })
    .ended;
}

const sentence = (stderr: string) =>
  stderr
    .trim()
    .split('\n')
    .filter((line) => !/^(Still at this|Building the web client|graphql-codegen|vite) /.test(line));

test.skipIf(!mayMount || !mayEnter)(
  'without a redis-server a user who may not install it learns what to do',
  async () => {
    const hidden = ['redis-server', 'valkey-server'].flatMap((name) => findProgram([name]) ?? []);
    const data = join(folder, 'data');
    await mkdir(data);
    await chown(data, NOBODY, NOBODY);
    const hide = hidden.map((program) => `mount --bind /dev/null '${program}'`).join('\n');
    const { code, stderr, stdout } = await startAfter(hide, { KITH_DATA: data }, ['setpriv', ...asNobody()]);
    expect([code, stdout]).toEqual([1, '']);
    expect(sentence(stderr).at(-1)).toMatch(
      /^redis-server not found: .+, or set REDIS_URL, or use "docker compose up" instead\.$/,
    );
  },
);

test.skipIf(!mayMount)('on a disk that is nearly full it says so, with 1, and leaves nothing running', async () => {
  const data = join(folder, 'small');
  await mkdir(data);
  const { code, stderr, stdout } = await startAfter(`mount -t tmpfs -o size=8m none '${data}'`, { KITH_DATA: data });
  expect([code, stdout]).toEqual([1, '']);
  expect(sentence(stderr).at(-1)).toMatch(
    /^The disk of .+ is nearly full, \d+ MB are left: make room there, or .+\(what failed: .+No space left on device.+\)\.$/,
  );
});

test.skipIf(process.platform !== 'linux')('where no file can be kept it says so at once', async () => {
  const port = String(await freePort());
  const { code, stderr } = await runStart({ KITH_DATA: '/proc/kith/data', PORT: port }).ended;
  expect(code).toBe(1);
  expect(sentence(stderr)).toEqual([
    expect.stringMatching(/^The data folder \/proc\/kith\/data cannot be made \(ENOENT\): set KITH_DATA/),
  ]);
});

test('a step that hangs, as on a disk that does not answer, is named and ends it with 1', async () => {
  const data = join(folder, 'hangs');
  await mkdir(data);
  // Nobody writes into it: whoever opens it waits for ever.
  execFileSync('mkfifo', [join(data, 'secrets.json')]);
  const env = { KITH_DATA: data, PORT: String(await freePort()), START_STEP_WITHIN_S: '3' };
  const { code, stderr } = await runStart(env).ended;
  expect(code).toBe(1);
  expect(sentence(stderr).at(-1)).toMatch(
    /^Reading the secrets took longer than 3 s: set KITH_DATA .+ START_STEP_WITHIN_S /,
  );
});
