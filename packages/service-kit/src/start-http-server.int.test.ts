import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { readJsonBody, sendJson } from './answer-http.ts';
import { KithError } from './kith-error.ts';
import { operatorOnly } from './operator-only.ts';
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

test('a connection that cannot be accepted, for want of handles say, ends nobody', async () => {
  expect(http.server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))).toBe(true);
  expect((await fetch(`${http.url}/live`)).status).toBe(200);
});
