import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort } from '@kith/local-servers';
import { expect, onTestFinished, test } from 'vitest';
import { startHaproxy } from './start-haproxy.ts';

/** Answers as a gateway does: its name to everybody, and whether it is ready. */
async function aGateway(name: string) {
  const gateway = { ready: true, asked: [] as Record<string, unknown>[] };
  const server: Server = createServer((request, response) => {
    if (request.url === '/ready') return void response.writeHead(gateway.ready ? 200 : 503).end();
    gateway.asked.push({ ...request.headers });
    response.end(name);
  });
  const listen = (at = 0) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen();
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  return Object.assign(gateway, { name, close, listen: () => listen(port), host: '127.0.0.1', port });
}

test('clients are sent to gateways that are ready, where none is to any, and where none answers they are told in GraphQL', async () => {
  const kithData = await mkdtemp(join(tmpdir(), 'kith-haproxy-'));
  onTestFinished(() => rm(kithData, { recursive: true, force: true }));
  for (const folder of ['cluster', 'logs']) await mkdir(join(kithData, folder));
  const [one, other] = [await aGateway('one'), await aGateway('other')];
  const haproxy = await startHaproxy({ kithData, host: '127.0.0.1', port: await freePort(), gateways: [one, other] });
  onTestFinished(() => haproxy.stop());
  const ask = () => fetch(haproxy.url, { headers: { 'x-forwarded-host': 'evil.example' } });
  const names = async () => new Set(await Promise.all(Array.from({ length: 8 }, async () => (await ask()).text())));

  expect(await names()).toEqual(new Set(['one', 'other']));
  expect(one.asked[0]).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': new URL(haproxy.url).host });
  one.ready = false;
  await eventually('the one that stops is left alone', async () => (await names()).size === 1);
  other.ready = false;
  await eventually('none is ready, and all are asked', async () => (await names()).size === 2);
  other.close();
  await eventually('only one is there', async () => {
    return [...(await names()), ...(await names())].every((name) => name === 'one');
  });
  other.ready = true;
  one.close();
  await eventually('nobody is there', async () => (await ask()).status === 503);
  const answer = await ask();
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
  await other.listen();
  await eventually('one that is back is asked again', async () => (await (await ask()).text()) === 'other');
});
