import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePort, isPortFree } from '@kith/local-servers';
import { createClient } from 'graphql-ws';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { ask, dataOf } from '../src/people/ask-gateway.ts';
import { WORKSPACE } from '../src/system/run-kith.ts';

type Start = ReturnType<typeof start>;
let started: Start | undefined;

/** `pnpm start`, without pnpm. */
function start(env: Record<string, string>) {
  const spawnedAt = performance.now();
  const child = spawn(process.execPath, [join(WORKSPACE, 'local/src/start.ts')], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  let code: number | null | undefined;
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (exitCode) => {
      code = exitCode;
      resolve(exitCode);
    });
  });
  return {
    child,
    said,
    ended,
    /** Resolves with the milliseconds it took to print that it runs. */
    async runs(): Promise<number> {
      await eventually('it runs, or has given up', () => said.stdout.includes('Kith runs') || code !== undefined, {
        withinMs: 90_000,
      });
      if (code !== undefined) throw new Error(`start ended with ${code}: ${said.stderr}`);
      return Math.round(performance.now() - spawnedAt);
    },
  };
}

afterEach(async () => {
  started?.child.kill('SIGTERM');
  await started?.ended;
});

/** The operations of the printed tour, in order, as somebody would copy them out of the terminal. */
function operationsIn(block: string): string[] {
  const operations: string[] = [];
  let depth = 0;
  for (const line of block.split('\n')) {
    if (depth === 0 && !/^\s*(mutation|subscription|query)\b/.test(line)) continue;
    if (depth === 0) operations.push('');
    operations[operations.length - 1] += `${line.trim()}\n`;
    depth += (line.match(/{/g)?.length ?? 0) - (line.match(/}/g)?.length ?? 0);
  }
  return operations;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('the tour that start prints works as printed; SIGTERM ends it all; it starts again on the same data', async () => {
  const kithData = await mkdtemp(join(tmpdir(), 'kith-e2e-start-'));
  onTestFinished(() => rm(kithData, { recursive: true, force: true }));
  const env = { KITH_DATA: kithData, PORT: String(await freePort()) };
  started = start(env);
  const firstTookMs = await started.runs();
  const gatewayUrl = `http://127.0.0.1:${env.PORT}`;
  expect(started.said.stdout).toContain(`${gatewayUrl}/graphql`);

  const [signInHi, watch, signInBen, rename, ...more] = operationsIn(started.said.stdout) as [
    string,
    string,
    string,
    string,
  ];
  expect(more).toEqual([]);
  const [hi, ben] = [await dataOf(gatewayUrl, { query: signInHi }), await dataOf(gatewayUrl, { query: signInBen })];
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the printed subscription's.
  const seen: any[] = [];
  const closes: number[] = [];
  const browser = createClient({
    url: `${gatewayUrl.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${hi.signIn.accessToken}` },
    on: { closed: (event) => closes.push((event as { code: number }).code) },
  });
  browser.subscribe(
    { query: watch },
    {
      next: ({ data }) => void seen.push(data?.friendListChanged),
      error: () => undefined,
      complete: () => undefined,
    },
  );
  await eventually('the snapshot of 16 friends', () => seen[0]?.complete && seen[0].friends.length === 16);
  await dataOf(gatewayUrl, { query: rename, token: ben.signIn.accessToken });
  await eventually('the push', () => seen.length === 2);
  expect(seen[1]).toMatchObject({
    __typename: 'FriendChanged',
    revision: seen[0].revision + 1,
    friend: { user: { nickname: /nickname: "(.+?)"/.exec(rename)![1] } },
  });

  const { processes } = JSON.parse(await readFile(join(kithData, 'system.json'), 'utf8'));
  const pids = Object.values(processes as Record<string, { pid: number }>).map(({ pid }) => pid);
  expect(pids.length).toBeGreaterThanOrEqual(6);
  expect(pids.every(isAlive)).toBe(true);
  started.child.kill('SIGTERM');
  expect(await started.ended).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(closes).toEqual([1012]);

  started = start(env);
  const secondTookMs = await started.runs();
  const { data } = await ask(gatewayUrl, { query: signInHi });
  expect(data.signIn.accessToken).toBeTruthy();
  process.stdout.write(`first start ${firstTookMs} ms, second start ${secondTookMs} ms\n`);
  started.child.kill('SIGTERM');
  expect(await started.ended).toBe(0);
});

test('with HOST=::1 it is reached there: pages, GraphQL over HTTP and WebSocket, and by the operator', async ({
  skip,
}) => {
  skip(!(await isPortFree(0, '::1')), 'This machine has no IPv6 loopback.');
  const kithData = await mkdtemp(join(tmpdir(), 'kith-e2e-start-'));
  onTestFinished(() => rm(kithData, { recursive: true, force: true }));
  const env = { KITH_DATA: kithData, HOST: '::1', PORT: String(await freePort()) };
  started = start(env);
  await started.runs();
  const url = `http://[::1]:${env.PORT}`;
  expect(started.said.stdout).toContain(`${url}/graphql`);

  const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('GraphiQL')]);
  expect(await (await fetch(url, { headers: { accept: 'text/html' } })).text()).toContain('<div id="root">');
  const [signInHi, watch] = operationsIn(started.said.stdout) as [string, string];
  const { signIn } = await dataOf(url, { query: signInHi });

  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${signIn.accessToken}` },
  });
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the printed subscription's.
  const { value } = (await client.iterate({ query: watch }).next()) as any;
  expect(value.data.friendListChanged).toMatchObject({ __typename: 'FriendListSnapshot', complete: true });
  await client.dispose();

  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(WORKSPACE, 'operator/src/kith.ts'), 'status', '--json'],
    { env: { PATH: process.env.PATH, KITH_DATA: kithData } },
  );
  expect(stdout).toContain(url);
  started.child.kill('SIGTERM');
  expect(await started.ended).toBe(0);
});
