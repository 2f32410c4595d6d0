import { once } from 'node:events';
import { connect } from 'node:net';
import { sendJson } from '@kith/event-delivery/json-over-http';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { KithError } from '../errors/kith-error.ts';
import { operatorOnly } from '../identity/operator-only.ts';
import { readJsonBody } from './answer-http.ts';
import { startHttpServer } from './start-http-server.ts';

const uses = { postgres: true, redis: true };
const http = await startHttpServer({
  host: '127.0.0.1',
  port: 0,
  log: pino({ level: 'silent' }),
  ready: () => ({ ready: uses.postgres, uses }),
  routes: {
    'POST /echo': operatorOnly('operator-key', async (request, response) =>
      sendJson(response, 200, await readJsonBody(request, 100)),
    ),
    'GET /known': () => {
      throw new KithError('RATE_LIMITED', 'Wait.', { retryAfterMs: 5 });
    },
    'GET /unknown': () => {
      throw new Error('secret');
    },
  },
});
afterAll(() => http.stop());

const echo = (body: string, key = 'operator-key') =>
  fetch(`${http.url}/echo`, { method: 'POST', body, headers: { authorization: `Bearer ${key}` } });

test('it says that it lives, what it misses, and how it does', async () => {
  expect((await fetch(`${http.url}/live`)).status).toBe(200);
  const ready = async () => {
    const response = await fetch(`${http.url}/ready`);
    return [response.status, await response.json()];
  };
  expect(await ready()).toEqual([200, { ready: true, missing: [] }]);
  uses.redis = false;
  expect(await ready()).toEqual([200, { ready: true, missing: ['redis'] }]);
  uses.postgres = false;
  expect(await ready()).toEqual([503, { ready: false, missing: ['postgres', 'redis'] }]);
  expect(await (await fetch(`${http.url}/metrics`)).text()).toContain('process_cpu_seconds_total');
  expect(http.metricsUrl).toBe(http.url);
});

test('metrics at a port of their own are nowhere else, and nothing else is there', async () => {
  const apart = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    log: pino({ level: 'silent' }),
    ready: () => ({ ready: true, uses: {} }),
    routes: { 'GET /own': (_request, response) => sendJson(response, 200, {}) },
    // As the gateway's web client, which answers every path.
    otherwise: (_request, response) => sendJson(response, 200, { page: true }),
  });
  const statusOf = async (url: string, method = 'GET') => (await fetch(url, { method })).status;
  expect(await (await fetch(`${apart.metricsUrl}/metrics`)).text()).toContain('process_cpu_seconds_total');
  expect(await statusOf(`${apart.metricsUrl}/metrics/`, 'HEAD')).toBe(200);
  for (const path of ['/metrics', '/metrics/', '/metrics?name=x']) {
    expect([path, await statusOf(`${apart.url}${path}`)]).toEqual([path, 404]);
    expect([path, await statusOf(`${apart.url}${path}`, 'HEAD')]).toEqual([path, 404]);
  }
  for (const path of ['/own', '/live', '/ready', '/']) {
    expect([path, await statusOf(`${apart.metricsUrl}${path}`)]).toEqual([path, 404]);
    expect([path, await statusOf(`${apart.url}${path}`)]).toEqual([path, 200]);
  }
  expect(await statusOf(`${apart.metricsUrl}/metrics`, 'POST')).toBe(404);
  await apart.stop();
  await expect(fetch(`${apart.metricsUrl}/metrics`)).rejects.toThrow();
});

test('a port for metrics that is taken stops the start, and nothing is left that listens', async () => {
  const options = { host: '127.0.0.1', log: pino({ level: 'silent' }), ready: () => ({ ready: true, uses: {} }) };
  const before = await startHttpServer({ ...options, port: 0, routes: {} });
  await before.stop();
  const port = Number(new URL(before.url).port);
  const metricsPort = Number(new URL(http.url).port);
  await expect(startHttpServer({ ...options, port, metricsPort, routes: {} })).rejects.toThrow(/EADDRINUSE/);
  await expect(fetch(`${before.url}/live`)).rejects.toThrow();
});

test('what is not there is 404, by method too', async () => {
  expect((await fetch(`${http.url}/nothing`)).status).toBe(404);
  expect((await fetch(`${http.url}/echo`)).status).toBe(404);
});

test('errors are answered with their code, unexpected ones without a word', async () => {
  const known = await fetch(`${http.url}/known`);
  expect([known.status, await known.json()]).toEqual([
    429,
    { errors: [{ message: 'Wait.', extensions: { code: 'RATE_LIMITED', retryAfterMs: 5 } }] },
  ]);
  const unknown = await fetch(`${http.url}/unknown`);
  expect(unknown.status).toBe(500);
  expect(await unknown.text()).not.toContain('secret');
});

test('the operator’s endpoints need the operator’s key', async () => {
  expect((await echo('{}', 'another-key')).status).toBe(401);
  expect(await (await echo('{"a":1}')).json()).toEqual({ a: 1 });
});

test.each(['{', '', 'x'.repeat(101)])('the body "%s" is refused', async (body) => {
  expect((await echo(body)).status).toBe(400);
});

test('a stop waits for the request that runs', async () => {
  let finish = () => {};
  let begun = () => {};
  const running = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const slow = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    ready: () => ({ ready: true, uses: {} }),
    routes: {
      '/slow': (_request, response) => {
        finish = () => sendJson(response, 200, 'done');
        begun();
      },
    },
  });
  const answer = fetch(`${slow.url}/slow`);
  await running;
  const stopped = slow.stop();
  finish();
  expect(await (await answer).json()).toBe('done');
  await stopped;
  await expect(fetch(`${slow.url}/live`)).rejects.toThrow();
});

test.each(['::1', '[::1]'])('at HOST=%s it is reached under its URL', async (host) => {
  const six = await startHttpServer({
    host,
    port: 0,
    log: pino({ level: 'silent' }),
    ready: () => ({ ready: true, uses: {} }),
    routes: {},
  });
  expect(six.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect((await fetch(`${six.url}/live`)).status).toBe(200);
  await six.stop();
});

test('a body that is too long is answered, and the connection goes on', async () => {
  const response = await fetch(`${http.url}/echo`, {
    method: 'POST',
    body: 'x'.repeat(5_000_000),
    headers: { authorization: 'Bearer operator-key' },
  });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { errors: [{ extensions: { code: 'BAD_USER_INPUT', limit: 100 } }] },
  ]);
});

test('HEAD is answered as GET, a slash at the end is none, and a compressed body is refused', async () => {
  const head = await fetch(`${http.url}/live/`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const headers = { authorization: 'Bearer operator-key', 'content-encoding': 'gzip' };
  expect((await fetch(`${http.url}/echo`, { method: 'POST', body: '{}', headers })).status).toBe(415);
});

test.each([
  ['headers', 'POST /echo HTTP/1.1\r\nhost: kith\r\n'],
  ['a body', 'POST /echo HTTP/1.1\r\nhost: kith\r\nauthorization: Bearer k\r\ncontent-length: 90\r\n\r\n{'],
])('%s that do not all come in time are answered with 408, and no error of ours', async (_what, begun) => {
  const logged: string[] = [];
  const impatient = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'error' }, { write: (line: string) => void logged.push(line) }),
    ready: () => ({ ready: true, uses: {} }),
    routes: { 'POST /echo': async (request, response) => sendJson(response, 200, await readJsonBody(request)) },
    requestWithinMs: 200,
  });
  const socket = connect(Number(new URL(impatient.url).port), '127.0.0.1');
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  socket.write(begun);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(String(answer)).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"BAD_USER_INPUT"/);
  // It is read on, and not reset.
  socket.write('x'.repeat(1_000_000));
  socket.end();
  await once(socket, 'close');
  await impatient.stop();
  expect([errors, logged]).toEqual([[], []]);
});

test('a connection that cannot be accepted, for want of handles say, ends nobody', async () => {
  expect(http.server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))).toBe(true);
  expect((await fetch(`${http.url}/live`)).status).toBe(200);
});
