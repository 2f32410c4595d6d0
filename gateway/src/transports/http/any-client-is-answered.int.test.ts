import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { withTestGateway } from '../../testing/with-test-gateway.ts';

const { around, gateway } = await withTestGateway({ env: { TRUSTED_PROXIES: 'loopback' } });
const authorization = `Bearer ${await around.tokenOf('ada')}`;

const QUERY = '?query=%7Bme%7Bid%7D%7D';
const NOBODY = { data: { me: null } };

/** What is written to the wire, and all that comes back until the gateway closes. */
async function wire(...pieces: (string | Buffer)[]): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'connect');
  for (const piece of pieces) socket.write(piece);
  await once(socket, 'close');
  return text;
}

const request = (line: string, headers = '', body = '') =>
  `${line} HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n${headers}\r\n${body}`;
const SOCKET =
  'upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n';
const operation = JSON.stringify({ query: '{ me { id } }' });
const posted = (headers: string, target = '/graphql') =>
  request(
    `POST ${target}`,
    `content-type: application/json\r\n${headers}content-length: ${operation.length}\r\n`,
    operation,
  );

describe('a request', () => {
  test.each([`/graphql${QUERY}`, `/graphql/${QUERY}`, '/live', '/live/', '/ready', '/metrics'])(
    'HEAD %s is answered as GET is, without the body',
    async (path) => {
      const get = await fetch(`${gateway.url}${path}`);
      const head = await fetch(`${gateway.url}${path}`, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-type')]).toEqual([get.status, get.headers.get('content-type')]);
      expect(await head.text()).toBe('');
    },
  );

  test('HEAD opens no stream', async () => {
    const query = encodeURIComponent('subscription { friendListChanged { revision } }');
    const accept = 'text/event-stream';
    const head = await fetch(`${gateway.graphql}?query=${query}`, {
      method: 'HEAD',
      headers: { accept, authorization },
    });
    expect(head.status).toBe(406);
  });

  const HOSTS = [
    'a b',
    '[',
    '[::1',
    ':x',
    '%',
    'kith:99999999',
    'kith:-1',
    'a/b',
    'a?b',
    'a#b',
    '@',
    'a@b',
    '<x>',
    '\\',
    '1.2.3.4.5',
    'é',
  ];
  test.each(HOSTS)('with the Host "%s" is a bad one, on every path and as a socket', async (host) => {
    const toHost = (text: string) => Buffer.from(text.replace('host: kith', `host: ${host}`), 'latin1');
    const requests = [
      posted(''),
      request(`GET /graphql${QUERY}`),
      request('GET /live'),
      request('GET /nothing'),
      request('GET /graphql', SOCKET).replace('connection: close', 'connection: upgrade'),
    ];
    for (const each of requests) expect(await wire(toHost(each))).toMatch(/^HTTP\/1.1 400 /);
  });

  test.each(['[::1', 'a@b@c:x', '1.2.3.4.5', 'kith:99999999'])(
    'to the target http://%s/… is a bad one',
    async (host) => {
      expect(await wire(request(`GET http://${host}/graphql${QUERY}`))).toMatch(/^HTTP\/1.1 400 /);
    },
  );

  test.each(['kith', 'KITH:4000', 'kith:', '[::1]', '[::1]:4000', '10.0.0.1', 'xn--kith-9db.example', 'a_b'])(
    'with the Host "%s" is answered',
    async (host) => {
      for (const each of [posted(''), request(`GET /graphql${QUERY}`)]) {
        const answer = await wire(each.replace('host: kith', `host: ${host}`));
        expect(answer).toMatch(/^HTTP\/1.1 200 /);
        expect(answer).toContain(JSON.stringify(NOBODY));
      }
    },
  );

  test('a mutation by HEAD is not done', async () => {
    const query = encodeURIComponent('mutation { rename(nickname: "x") { id } }');
    expect((await fetch(`${gateway.graphql}?query=${query}`, { method: 'HEAD' })).status).toBe(405);
  });

  test('OPTIONS says what may be sent', async () => {
    const options = await fetch(gateway.graphql, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
  });

  test.each([
    '/graphql/',
    '/graphql//',
    'http://kith/graphql',
    'http://kith:4000/graphql/',
    'HTTP://someone@kith/graphql',
  ])('to %s is an operation', async (target) => {
    expect(await wire(posted('', target))).toMatch(/^HTTP\/1.1 200 OK[\s\S]*\{"data":\{"me":null\}\}$/);
    expect(await wire(request(`GET ${target}${QUERY}`))).toContain('{"data":{"me":null}}');
  });

  test('in absolute form says itself which host is meant', async () => {
    const page = 'origin: http://kith.example.org\r\n';
    expect(await wire(request(`GET http://kith.example.org/graphql${QUERY}`, page))).toContain(
      'access-control-allow-origin: http://kith.example.org',
    );
    expect(await wire(request(`GET http://kith/graphql${QUERY}`, page))).not.toContain('access-control-allow-origin');
  });

  test.each(['gzip', 'br', 'deflate', 'zstd', 'GZIP', 'identity, gzip'])(
    'with Content-Encoding: %s is refused with 415',
    async (encoding) => {
      const answer = await wire(posted(`content-encoding: ${encoding}\r\n`));
      expect(answer).toMatch(/^HTTP\/1.1 415 [\s\S]*accept-encoding: identity[\s\S]*"code":"BAD_USER_INPUT"/i);
    },
  );

  test.each(['content-encoding: identity\r\n', 'upgrade: h2c\r\n', 'expect: 100-continue\r\n'])(
    'with %s is answered',
    async (header) => {
      expect(await wire(posted(header))).toContain('{"data":{"me":null}}');
    },
  );

  test('that offers HTTP/2 is answered in HTTP/1.1', async () => {
    const offer = 'http2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\nupgrade: h2c\r\n';
    const answer = await wire(posted(offer).replace('connection: close', 'connection: close, Upgrade, HTTP2-Settings'));
    expect(answer).toMatch(/^HTTP\/1.1 200 OK[\s\S]*\{"data":\{"me":null\}\}$/);
  });

  test.each([
    ['application/json; charset=utf-8', 200],
    ['Application/JSON;Charset="UTF-8"', 200],
    ['application/graphql+json ; charset=us-ascii', 200],
    ['application/json; charset=utf-16', 415],
    ['application/json; charset=iso-8859-1', 415],
    ['application/jsonp', 415],
    ['text/plain', 415],
  ])('of %s is answered with %i', async (contentType, status) => {
    const response = await fetch(gateway.graphql, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body: operation,
    });
    expect(response.status).toBe(status);
  });
});

describe('Accept', () => {
  const JSON_TYPE = 'application/json; charset=utf-8';
  const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';
  test.each([
    ['text/event-stream;q=0, application/json', JSON_TYPE],
    ['text/event-stream; q=0.0, */*', JSON_TYPE],
    ['application/json;q=0.1, application/graphql-response+json', GRAPHQL_TYPE],
    ['application/graphql-response+json;q=0.9,application/json;q=1.0', JSON_TYPE],
    ['application/json;q=0, */*', GRAPHQL_TYPE],
    ['application/json;q=0, application/*;q=0.5', GRAPHQL_TYPE],
    ['*/*;q=0.1', JSON_TYPE],
    ['text/html;q=0.1, application/json', JSON_TYPE],
    ['application/json;q=0', null],
    ['*/*;q=0', null],
    ['image/png', null],
  ])('%s is answered in %s', async (accept, type) => {
    const response = await fetch(`${gateway.graphql}${QUERY}`, { headers: { accept } });
    expect([response.status, response.headers.get('content-type')]).toEqual([type ? 200 : 406, type]);
  });

  test('a stream goes through proxies at once, and is not said to be encoded', async () => {
    const response = await fetch(`${gateway.graphql}${QUERY}`, { headers: { accept: 'text/event-stream;q=0.9' } });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(await response.text()).toContain(JSON.stringify(NOBODY));
  });
});
