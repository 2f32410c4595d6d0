import { once } from 'node:events';
import { request } from 'node:http';
import type { Log } from '@kith/event-delivery';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Refusal } from '../rules/refusal.ts';
import { route } from './routes.ts';
import { type HttpServer, serveHttp } from './serve-http.ts';

const said: string[] = [];
const say = (_fields: object, message: string) => void said.push(message);
const log: Log = { debug: say, info: say, warn: say, error: say };
const ID = '018f0000-0000-7000-8000-000000000000';

let fail = (): unknown => undefined;
let letGo = (): void => undefined;
let isHeld = false;

function serve(): Promise<HttpServer> {
  return serveHttp({
    host: '127.0.0.1',
    port: 0,
    log,
    operator: { 'GET /ready': async (_request, response) => void response.end('ready') },
    routes: [
      route('GET', '/things/:id', z.strictObject({}), async ({ id }) => ({ body: { id } })),
      route('POST', '/failures', z.strictObject({}), async () => {
        throw fail();
      }),
      route('POST', '/slow', z.strictObject({}), async () => {
        isHeld = true;
        await new Promise<void>((resolve) => {
          letGo = resolve;
        });
        return { body: { done: true } };
      }),
    ],
  });
}

let server: HttpServer;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

const post = (path: string, to = server) =>
  fetch(`${to.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });

async function failing(error: unknown) {
  fail = () => error;
  said.length = 0;
  const response = await post('/failures');
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.json() };
}

test('a database that is away is a 503 that says when to come again', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  expect(await failing(refused)).toEqual({
    status: 503,
    retryAfter: '1',
    body: { code: 'SERVICE_UNAVAILABLE', message: 'Try again in a moment.' },
  });
  expect(said).toHaveLength(1);
});

test('what nobody expected is a 500 that tells the log, and no stranger', async () => {
  const { status, body } = await failing(new TypeError('the secret is 42'));
  expect([status, body]).toEqual([500, { code: 'INTERNAL_ERROR', message: 'Something went wrong on our side.' }]);
  expect(said).toHaveLength(1);
});

test('a refusal is answered as it is, and is nothing for the log', async () => {
  const { status, body } = await failing(new Refusal('PAID_PRICE_DIFFERS', 'Pay 3.', 'paidPrice'));
  expect([status, body]).toEqual([409, { code: 'PAID_PRICE_DIFFERS', message: 'Pay 3.', field: 'paidPrice' }]);
  expect(said).toEqual([]);
});

test.each([
  ['as a proxy sends it', `http://shop.example/things/${ID}`],
  ['with a slash at its end', `/things/${ID}/`],
  ['in capitals', `/things/${ID.toUpperCase()}`],
  ['with its letters encoded', `/things/${ID.replaceAll('0', '%30')}`],
])('a path %s is the same', async (_, path) => {
  const { hostname, port } = new URL(server.url);
  const [response] = await once(request({ hostname, port, path }).end(), 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  expect([response.statusCode, JSON.parse(Buffer.concat(chunks).toString())]).toEqual([200, { id: ID }]);
});

test('HEAD is answered as GET is, without the body', async () => {
  const response = await fetch(`${server.url}/things/${ID}`, { method: 'HEAD' });
  expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '45', '']);
});

test('headers that are too long are a 431 with a code', async () => {
  const response = await fetch(`${server.url}/things/${ID}`, { headers: { 'x-long': 'a'.repeat(20_000) } });
  expect([response.status, await response.json()]).toMatchObject([431, { code: 'HEADERS_TOO_LARGE' }]);
});

test('a stop takes nothing new, and waits for what is in hand', async () => {
  const stopping = await serve();
  const answer = post('/slow', stopping);
  await eventually('it is in hand', () => isHeld);
  const stopped = stopping.stop();
  await expect(post('/slow', stopping)).rejects.toThrow();
  letGo();
  expect(await (await answer).json()).toEqual({ done: true });
  await stopped;
});
