import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { readRanges } from '../domain/allowed-address.ts';
import { openGuardedConnections, type Resolve } from './guarded-connections.ts';

let receiver: Server;
let proxy: Server;
/** What the proxy was asked for: `CONNECT 10.1.2.3:80`, with the credentials it was shown. */
const asked: { target: string; credentials?: string | undefined }[] = [];
let answer = 200;

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const listening = (server: Server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

beforeAll(async () => {
  receiver = createServer((request, response) => response.end(`taken as ${request.headers.host}`));
  proxy = createServer((_request, response) => response.writeHead(500).end());
  proxy.on('connect', (request, socket) => {
    asked.push({ target: request.url ?? '', credentials: request.headers['proxy-authorization'] });
    if (answer !== 200) return void socket.end(`HTTP/1.1 ${answer} No\r\ncontent-length: 0\r\n\r\n`);
    // Wherever it is to lead: what is asked for is not reachable in a test.
    const there = connect(portOf(receiver), '127.0.0.1', () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'));
    there.on('error', () => socket.destroy());
    socket.on('error', () => there.destroy());
    socket.pipe(there).pipe(socket);
  });
  await Promise.all([listening(receiver), listening(proxy)]);
});
afterAll(async () => {
  for (const server of [receiver, proxy]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
beforeEach(() => {
  asked.length = 0;
  answer = 200;
  for (const name of [
    'http_proxy',
    'HTTP_PROXY',
    'https_proxy',
    'HTTPS_PROXY',
    'all_proxy',
    'ALL_PROXY',
    'no_proxy',
    'NO_PROXY',
  ])
    vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());

const NAMES: Readonly<Record<string, string>> = { 'hooks.example': '10.1.2.3', 'inside.example': '192.168.0.1' };
const resolve: Resolve = async (name) => [{ address: NAMES[name] ?? '203.0.113.9', family: 4 }];

async function send(to: string) {
  const url = new URL(to);
  const ranges = readRanges('10.1.0.0/16, 127.0.0.1');
  const connections = openGuardedConnections(url, { connections: 1, timeoutMs: 10_000, ranges, resolve });
  try {
    const { statusCode, body } = await connections.request({
      origin: url.origin,
      path: '/',
      method: 'POST',
      body: '{}',
    });
    return { statusCode, text: await body.text() };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code };
  } finally {
    await connections.destroy();
  }
}

test('an endpoint outside is reached through the proxy, by the address that was looked at', async () => {
  vi.stubEnv('HTTP_PROXY', `http://us:se%3Acret@127.0.0.1:${portOf(proxy)}`);
  expect(await send('http://hooks.example:8080/')).toEqual({ statusCode: 200, text: 'taken as hooks.example:8080' });
  const credentials = `Basic ${Buffer.from('us:se:cret').toString('base64')}`;
  expect(asked).toEqual([{ target: '10.1.2.3:8080', credentials }]);
});

test('what may not be connected to is not asked of the proxy either', async () => {
  vi.stubEnv('ALL_PROXY', `http://127.0.0.1:${portOf(proxy)}`);
  expect(await send('http://inside.example/')).toEqual({ code: 'ADDRESS_REFUSED' });
  expect(await send('http://192.168.0.1/')).toEqual({ code: 'ADDRESS_REFUSED' });
  expect(asked).toEqual([]);
});

test('an endpoint on loopback, and one that NO_PROXY excepts, is asked directly', async () => {
  vi.stubEnv('http_proxy', `http://127.0.0.1:${portOf(proxy)}`);
  const here = `127.0.0.1:${portOf(receiver)}`;
  expect(await send(`http://${here}/`)).toEqual({ statusCode: 200, text: `taken as ${here}` });
  expect(asked).toEqual([]);
});

test('a proxy that makes no tunnel, and one that is none, is the reason why nothing was sent', async () => {
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${portOf(proxy)}`);
  answer = 407;
  expect(await send('http://hooks.example/')).toEqual({ code: 'PROXY_REFUSED' });
  vi.stubEnv('HTTP_PROXY', 'socks5://127.0.0.1:1');
  expect(await send('http://hooks.example/')).toEqual({ code: 'PROXY_UNUSABLE' });
});
