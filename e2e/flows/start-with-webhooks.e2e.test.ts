import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePort } from '@kith/local-servers';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { makeFriends } from '../src/people/friend-operations.ts';
import { signUp } from '../src/people/person.ts';
import { jsonLines, WORKSPACE } from '../src/system/run-kith.ts';

/** What a person types first, in a folder of its own; SIGTERM ends it. Resolves when it has said that it runs. */
async function start(env: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [join(WORKSPACE, 'local/src/start.ts')], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    expect(await ended, said).toEqual([0, null]);
    await rm(env.KITH_DATA as string, { recursive: true, force: true });
  });
  await eventually('start says that Kith runs', () => said.includes('Kith runs') || child.exitCode !== null, {
    withinMs: 180_000,
  });
  expect(child.exitCode, said).toBe(null);
}

async function kith(env: Record<string, string>, ...args: string[]) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(WORKSPACE, 'operator/src/kith.ts'), ...args, '--json'],
    { env: { PATH: process.env.PATH, ...env } },
  );
  return jsonLines(stdout);
}

async function receive() {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    received.push({ headers: request.headers, body });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

test('started with WEBHOOKS=on, an endpoint that kith adds is sent a friendship, signed', async () => {
  const KITH_DATA = await mkdtemp(join(tmpdir(), 'kith-with-webhooks-'));
  const env = { KITH_DATA, PORT: String(await freePort()), LOG_LEVEL: 'warn' };
  const { received, url } = await receive();
  await start({ ...env, WEBHOOKS: 'on', WEBHOOK_ALLOW_HTTP: 'on', WEBHOOK_ALLOWED_RANGES: '127.0.0.1' });
  const [{ secret }] = await kith(env, 'webhooks', 'add', url, '--events', 'kith.friend.added');

  const gateway = `http://127.0.0.1:${env.PORT}`;
  const ann = await signUp(gateway, 'hooked_ann', 'Ann');
  const bob = await signUp(gateway, 'hooked_bob', 'Bob');
  await makeFriends(ann, bob);

  const webhook = new Webhook(secret);
  const verified = () => received.map(({ headers, body }) => webhook.verify(body, headers as Record<string, string>));
  // Of what happened shortly before it was added an endpoint may hear as well: the demonstration's friendships.
  const toldOf = (id: string) =>
    verified().some((event) => (event as { type: string; subject: string }).subject === id);
  await eventually('both lists are told of', () => toldOf(ann.id) && toldOf(bob.id));
  expect(verified()).toEqual(received.map(() => expect.objectContaining({ type: 'kith.friend.added.v1' })));
  const [{ headers, body } = { headers: {}, body: '' }] = received;
  expect(() => webhook.verify(`${body} `, headers as Record<string, string>)).toThrow();
});
