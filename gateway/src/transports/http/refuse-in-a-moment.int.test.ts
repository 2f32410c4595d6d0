import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAllowedOrigins } from '../../admission/allow-origins.ts';
import type { Edge } from '../../admission/guard-edge.ts';
import { refuseInAMoment } from '../../admission/refuse-in-a-moment.ts';
import { serveGraphql } from './serve-http.ts';

let server: Server;
let url: string;
beforeEach(async () => {
  server = createServer(refuseInAMoment);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('a refusal is 503, says when to come back, and is an answer of GraphQL', async () => {
  const response = await fetch(url, { method: 'POST', body: '{"query":"{ me { id } }"}' });
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE', retryAfterMs: 1_000 } }],
  });
});

test('the connection may be used again', async () => {
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let n = 0; n < 3; n += 1) {
    const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'close');
  }
  agent.destroy();
  expect(connections).toBe(1);
});

test('what was sent with the request is read and thrown away', async () => {
  const response = await fetch(url, { method: 'POST', body: 'x'.repeat(5_000_000) });
  expect(response.status).toBe(503);
});

test('a page of an origin that is allowed may read it, and is told in advance that it may ask', async () => {
  const origin = 'https://app.example.org';
  const edge = { isBusy: () => true, origins: readAllowedOrigins(origin, { isFromTrustedProxy: () => false }) } as Edge;
  const never = () => expect.unreachable('A busy gateway began an operation.');
  const handle = serveGraphql({ yoga: never, openStreams: new Set() as never, graphiql: undefined, edge });
  server.removeAllListeners('request').on('request', handle);

  const refused = await fetch(url, { method: 'POST', headers: { origin }, body: '{"query":"{ me { id } }"}' });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(refused.headers.get('access-control-allow-origin')).toBe(origin);

  const headers = { origin, 'access-control-request-method': 'POST' };
  const preflight = await fetch(url, { method: 'OPTIONS', headers });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
});
