import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isOutage } from '../failures/outage.ts';
import { askSource } from './ask-source.ts';

let server: Server;
let url: string;
let answer: { status: number; body: string } | 'nothing';
beforeEach(async () => {
  server = createServer((_request, response) => {
    if (answer !== 'nothing') response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/things/1`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const failure = (asking: Promise<unknown>) =>
  asking.then(
    () => 'no failure',
    (error) => error,
  );

test('it answers how the thing stands, and nothing when there is none', async () => {
  answer = { status: 200, body: '{"name":"lamp"}' };
  expect(await askSource(url)).toEqual({ name: 'lamp' });
  for (const status of [404, 410]) {
    answer = { status, body: 'gone' };
    expect(await askSource(url)).toBeUndefined();
  }
});

test.each([500, 502, 503, 504, 429, 408, 401, 403])(
  'a source that answers %i is away, which is an outage',
  async (status) => {
    answer = { status, body: '' };
    const error = await failure(askSource(url));
    expect([error, isOutage(error)]).toMatchObject([{ code: 'SERVICE_UNAVAILABLE' }, true]);
  },
);

test('so is one that is not there, is too slow, answers no JSON, or has not had the change yet', async () => {
  answer = { status: 200, body: '<html>' };
  const errors = [await failure(askSource(url))];
  answer = { status: 200, body: '{"revision":6}' };
  const of = ({ revision }: { revision: number }) => revision;
  errors.push(await failure(askSource(url, { atLeast: { revision: 7, of } })));
  expect(await askSource(url, { atLeast: { revision: 6, of } })).toEqual({ revision: 6 });
  answer = { status: 200, body: '{}' };
  errors.push(await failure(askSource(url, { atLeast: { revision: 1, of } })));
  answer = 'nothing';
  errors.push(await failure(askSource(url, { withinMs: 20 })));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  errors.push(await failure(askSource(url)));
  expect(errors.map(isOutage)).toEqual([true, true, true, true, true]);
});

test('what the source does not understand, or is no address, is a fault and no outage', async () => {
  answer = { status: 400, body: '' };
  const refused = await failure(askSource(url));
  expect([refused, isOutage(refused)]).toMatchObject([{ code: 'SOURCE_REFUSED', status: 400 }, false]);
  expect(isOutage(await failure(askSource('no address')))).toBe(false);
});

test('a handler whose time is up is told so, and not that the source is away', async () => {
  answer = 'nothing';
  const stop = new AbortController();
  const asking = failure(askSource(url, { signal: stop.signal }));
  stop.abort(new Error('time is up'));
  expect(await asking).toMatchObject({ message: 'time is up' });
});
