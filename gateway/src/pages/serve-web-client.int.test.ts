import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { eventually } from '@kith/local-servers';
import { afterAll, expect, test } from 'vitest';
import { withTestGateway } from '../testing/with-test-gateway.ts';

const folder = await mkdtemp(join(tmpdir(), 'kith-web-'));
afterAll(() => rm(folder, { recursive: true }));
await mkdir(join(folder, 'assets'));
await writeFile(join(folder, 'index.html'), '<!doctype html><title>Kith</title>');
await writeFile(join(folder, 'assets/gone.js'), 'gone()');
await writeFile(join(folder, 'assets/coded.js'), 'coded()');
await writeFile(join(folder, 'assets/coded.js.br'), brotliCompressSync('coded()'));
await writeFile(join(folder, 'assets/coded.js.gz'), gzipSync('coded()'));
await writeFile(join(folder, 'assets/small.js'), '0123456789');
await writeFile(join(folder, 'assets/large.js'), Buffer.alloc(20_000_000, '/'));

const { gateway } = await withTestGateway({ env: { WEB_FOLDER: folder } });

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${gateway.url}${path}`, { headers });

/** Files of the web client that this process, which the gateway is in, has open. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

test.each([
  'bytes=5-2',
  'bytes=99-5',
  'bytes=-3',
  'bytes=0-0',
  'bytes=1-2,4-5',
  'bytes=9007199254740993-',
  'bytes=9-1e999',
  'lines=1-2',
  'bytes=--',
  'x',
])('whoever asks for the range %s is answered with all of it', async (range) => {
  const response = await get('/assets/small.js', { range });
  expect([response.status, await response.text()]).toEqual([200, '0123456789']);
});

test.each([
  ['br, gzip', 'br'],
  ['gzip;q=0.5, br;q=0', 'gzip'],
  ['br;q=0, gzip;q=0', null],
  ['identity', null],
  ['brr', null],
])('who accepts %s is answered in %s', async (accepted, coding) => {
  const response = await get('/assets/coded.js', { 'accept-encoding': accepted });
  expect([response.headers.get('content-encoding'), await response.text()]).toEqual([coding, 'coded()']);
});

test('a file that is gone since the start ends its answer, and nothing else', async () => {
  await rm(join(folder, 'assets/gone.js'));
  await expect(get('/assets/gone.js').then((response) => response.text())).rejects.toThrow();
  expect((await get('/')).status).toBe(200);
});

test.runIf(process.platform === 'linux')('a client that leaves halfway leaves no file open', async () => {
  const leaving = Array.from({ length: 5 }, async () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write('GET /assets/large.js HTTP/1.1\r\nhost: kith\r\n\r\n');
    await once(socket, 'data');
    socket.pause();
    return socket;
  });
  const sockets = await Promise.all(leaving);
  await eventually('all files are open', () => openFiles() === 5);
  for (const socket of sockets) socket.destroy();
  await eventually('none is', () => openFiles() === 0);
  const whole = await (await get('/assets/large.js')).arrayBuffer();
  expect(whole.byteLength).toBe((await readFile(join(folder, 'assets/large.js'))).byteLength);
});
