import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kith/local-servers';
import { createLog } from '@kith/service-kit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectSubgraph } from './call-subgraph.ts';

/** Generous: who answers has to have answered by then, on a busy machine too. */
const ANSWER_WITHIN_MS = 1_000;
const log = createLog({ name: 'test', level: 'silent' });

let service: Server;
let asked = 0;
let answers = true;
let answersOthers = false;
let url: string;
let subgraph: ReturnType<typeof connectSubgraph>;
beforeEach(async () => {
  asked = 0;
  answers = true;
  answersOthers = false;
  service = createServer((request, response) => {
    asked += 1;
    request.resume();
    if (answers || (answersOthers && request.headers.authorization === 'other')) response.end('{"data":{"me":null}}');
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  subgraph = connectSubgraph({ name: 'user', urls: [url], gatewayKey: 'k', log, answerWithinMs: ANSWER_WITHIN_MS });
});
afterEach(() => {
  service.closeAllConnections();
  service.close();
});

const UNAVAILABLE = { errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] };
const call = (answerBy?: number) =>
  subgraph.call({ query: '{ me { id } }', ...(answerBy !== undefined && { answerBy }) });

test('a service that stopped answering is waited for a few times, then not at all, and asked again when it is back', async () => {
  expect(await call()).toEqual({ data: { me: null } });
  answers = false;
  const slow = await Promise.all(Array.from({ length: 8 }, () => call()));
  for (const result of slow) expect(result).toMatchObject(UNAVAILABLE);

  const askedBefore = asked;
  for (let n = 0; n < 50; n += 1) expect(await call()).toMatchObject(UNAVAILABLE);
  // One now and then, to see whether it is back; each of those takes as long as an answer may.
  expect(asked - askedBefore).toBeLessThan(10);

  answers = true;
  await eventually('it is answered again', async () => 'data' in (await call()));
});

test('a service that is slow for one and answers others meanwhile is asked for all of them', async () => {
  answers = false;
  answersOthers = true;
  const patient = connectSubgraph({
    name: 'user',
    urls: [url],
    gatewayKey: 'k',
    log,
    answerWithinMs: 2 * ANSWER_WITHIN_MS,
  });
  const other = () => patient.call({ query: '{ me { id } }', authorization: 'other' });
  expect(await other()).toEqual({ data: { me: null } });
  for (let round = 0; round < 3; round += 1) {
    let over = false;
    const slow = Promise.all(Array.from({ length: 12 }, () => patient.call({ query: '{ me { id } }' }))).finally(() => {
      over = true;
    });
    while (!over) expect(await other()).toEqual({ data: { me: null } });
    for (const result of await slow) expect(result).toMatchObject(UNAVAILABLE);
    expect(await other()).toEqual({ data: { me: null } });
  }
  expect(asked).toBeGreaterThan(36);
});

test('a refusal is an answer: however many are refused because one owner is slow, the service is asked', async () => {
  const refusal = '{"data":null,"errors":[{"message":"busy","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}';
  service.removeAllListeners('request');
  service.on('request', (request, response) => {
    asked += 1;
    request.resume();
    response.end(refusal);
  });
  for (let n = 0; n < 30; n += 1) expect(await call()).toMatchObject(UNAVAILABLE);
  expect(asked).toBe(30);
});

test('what has no time left is not asked, and is not held against the service', async () => {
  answers = false;
  expect(await call(Date.now() - 1)).toMatchObject(UNAVAILABLE);
  expect(asked).toBe(0);
  // Twenty that are given less than its time.
  for (let n = 0; n < 20; n += 1) expect(await call(Date.now() + 5)).toMatchObject(UNAVAILABLE);
  answers = true;
  expect(await call()).toEqual({ data: { me: null } });
});

test('an answer that is no GraphQL result is none', async () => {
  service.removeAllListeners('request');
  service.on('request', (_request, response) => response.end('<html>502 Bad Gateway</html>'));
  expect(await call()).toMatchObject(UNAVAILABLE);
});
