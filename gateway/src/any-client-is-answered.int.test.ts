import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startNeighbours } from './testing/start-neighbours.ts';
import { startTestGateway } from './testing/start-test-gateway.ts';

let around: Awaited<ReturnType<typeof startNeighbours>>;
let gateway: Awaited<ReturnType<typeof startTestGateway>>;
let authorization: string;

beforeAll(async () => {
  around = await startNeighbours();
  gateway = await startTestGateway(around, { env: { TRUSTED_PROXIES: 'loopback' } });
  authorization = `Bearer ${await around.tokenOf('ada')}`;
});
afterAll(async () => {
  await gateway.stop();
  await around.stop();
});

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

describe('what is refused before it has all come', () => {
  const FILLING = Buffer.alloc(3 * 1024 * 1024, 'x');

  test.each([
    ['a body that is too long', 413, 'content-type: application/json\r\n'],
    ['a body that is no JSON', 415, 'content-type: text/plain\r\n'],
    ['a compressed one', 415, 'content-type: application/json\r\ncontent-encoding: gzip\r\n'],
  ])('%s is answered with %i, and the rest of it is taken', async (_what, status, headers) => {
    for (const chunked of [false, true]) {
      const framing = chunked ? 'transfer-encoding: chunked' : `content-length: ${FILLING.length}`;
      const head = `POST /graphql HTTP/1.1\r\nhost: kith\r\n${headers}${framing}\r\n\r\n`;
      const { hostname, port } = new URL(gateway.url);
      const socket = connect(Number(port), hostname);
      const errors: Error[] = [];
      let text = '';
      socket
        .on('error', (error) => errors.push(error))
        .on('data', (chunk) => {
          text += chunk;
        });
      const closed = once(socket, 'close');
      socket.write(head);
      if (chunked) socket.write(`${FILLING.length.toString(16)}\r\n`);
      socket.write(FILLING.subarray(0, 1_000_000));
      await eventually('the answer, before the body is whole', () => text.includes('"code":"BAD_USER_INPUT"'));
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      socket.write(FILLING.subarray(1_000_000));
      if (chunked) socket.write('\r\n0\r\n\r\n');
      await closed;
      expect(errors).toEqual([]);
    }
  });

  test('headers that are too long are answered with 431, and the rest is taken', async () => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    const errors: Error[] = [];
    let text = '';
    socket
      .on('error', (error) => errors.push(error))
      .on('data', (chunk) => {
        text += chunk;
      });
    socket.write(`GET /live HTTP/1.1\r\nhost: kith\r\nlong: ${'x'.repeat(20_000)}`);
    await eventually('the answer', () => text.includes('"code":"BAD_USER_INPUT"'));
    expect(text).toMatch(/^HTTP\/1.1 431 /);
    socket.write(FILLING);
    socket.end();
    await once(socket, 'close');
    expect(errors).toEqual([]);
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    [
      'two lengths',
      'POST /graphql HTTP/1.1\r\nhost: kith\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a length that is no number', 'POST /graphql HTTP/1.1\r\nhost: kith\r\ncontent-length: x\r\n\r\n'],
  ])('%s is answered with 400 and a code', async (_what, text) => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.write(text);
    await eventually('the answer', () => heard.includes('"code":"BAD_USER_INPUT"'));
    expect(heard).toMatch(/^HTTP\/1.1 400 /);
    socket.destroy();
  });

  test('none of it was an error of ours', () => {
    expect(gateway.logged).toEqual([]);
  });
});

describe('a socket', () => {
  async function whoIs(payload: unknown, target = gateway.graphql, headers: Record<string, string> = {}) {
    const socket = new WebSocket(target.replace('http', 'ws'), ['another', 'graphql-transport-ws'], { headers });
    const heard: { type: string; payload?: { data?: { me: unknown } } }[] = [];
    let closedWith: number | undefined;
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    socket.on('close', (code) => {
      closedWith = code;
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    await eventually('the acknowledgement', () => heard.length === 1 || closedWith !== undefined);
    if (closedWith !== undefined) return closedWith;
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ me { id } }' } }));
    await eventually('the answer', () => heard.length === 3);
    socket.terminate();
    return heard[1]?.payload?.data?.me;
  }

  test.each(['authorization', 'Authorization', 'AUTHORIZATION'])(
    'takes the token as %s, and among headers',
    async (name) => {
      expect(await whoIs({ [name]: authorization })).toEqual({ id: 'ada' });
      expect(await whoIs({ headers: { [name]: authorization } })).toEqual({ id: 'ada' });
    },
  );

  test.each([[null], [undefined], [{}], [{ headers: null }], [{ headers: [1] }], [{ headers: {} }]])(
    'is nobody’s with %j',
    async (payload) => {
      expect(await whoIs(payload)).toBeNull();
    },
  );

  test.each([
    [[1], 4400],
    [5, 4400],
    ['x', 4400],
    [{ Authorization: 7 }, 4403],
    [{ headers: { authorization: {} } }, 4403],
  ])('is closed with %j: %i', async (payload, code) => {
    expect(await whoIs(payload)).toBe(code);
  });

  test('is opened with a slash at the end', async () => {
    expect(await whoIs({ authorization }, `${gateway.graphql}/`)).toEqual({ id: 'ada' });
  });

  test('is opened for a page of its own site behind a proxy that rewrites Host', async () => {
    const origin = 'https://kith.example.org';
    const behind = { origin, 'x-forwarded-host': 'kith.example.org' };
    expect(await whoIs({ authorization }, gateway.graphql, behind)).toEqual({ id: 'ada' });
    await expect(whoIs({ authorization }, gateway.graphql, { origin })).rejects.toThrow('403');
  });
});
