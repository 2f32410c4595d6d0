import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { askWhetherReady, eventually, missesNothing } from '@kith/local-servers';
import { describe, expect, test } from 'vitest';
import { withTestGateway } from '../../testing/with-test-gateway.ts';

const { around, gateway, startAnother } = await withTestGateway({ graphiql: 'on' });
const authorization = `Bearer ${await around.tokenOf('ada')}`;

async function post(body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(gateway.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, result: (await response.json()) as Answer };
}

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: { message: string; path?: string[]; extensions: { code: string; limit?: number } }[];
}

const codesOf = ({ result }: { result: Answer }) => result.errors?.map(({ extensions }) => extensions.code);

describe('an operation', () => {
  test('is answered from both services', async () => {
    const { status, result } = await post({ query: '{ me { id nickname friendCount } }' });
    expect({ status, result }).toEqual({
      status: 200,
      result: { data: { me: { id: 'ada', nickname: 'N-ada', friendCount: 7 } } },
    });
  });

  test('takes variables and an operation name', async () => {
    const query = 'query One($id: ID!) { user(id: $id) { id } } query Two { me { id } }';
    const { result } = await post({ query, operationName: 'One', variables: { id: 'bob' } });
    expect(result).toEqual({ data: { user: { id: 'bob' } } });
  });

  test('is answered to nobody in particular without a token', async () => {
    const response = await fetch(gateway.graphql, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ me { id } }' }),
    });
    expect(await response.json()).toEqual({ data: { me: null } });
  });

  test('keeps the code, the message and the path of an error that a service answered', async () => {
    const { status, result } = await post({ query: 'mutation { changed: updateFriend(userId: "eve") { remark } }' });
    expect(status).toBe(200);
    expect(result.errors).toMatchObject([
      { message: 'You are not friends with eve.', path: ['changed'], extensions: { code: 'NOT_FRIENDS' } },
    ]);
  });

  test('says nothing of what went wrong inside a service', async () => {
    const { result } = await post({ query: '{ boom }' });
    expect(codesOf({ result })).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  test('may come by GET when it is a query, and not when it is a mutation', async () => {
    const get = (query: string) =>
      fetch(`${gateway.graphql}?query=${encodeURIComponent(query)}`, { headers: { authorization } });
    expect(await (await get('{ me { id } }')).json()).toEqual({ data: { me: { id: 'ada' } } });
    expect((await get('mutation { rename(nickname: "x") { id } }')).status).toBe(405);
  });
});

describe('a token that is not good', () => {
  const ask = (token: string, accept: string) =>
    post({ query: '{ me { id } }' }, { authorization: `Bearer ${token}`, accept });

  test.each([
    ['is not a token', async () => 'nonsense'],
    ['has expired', () => around.tokenOf('ada', { expiresInS: -60 })],
    ['is meant for somebody else', () => around.tokenOf('ada', { audience: 'another' })],
  ])('is refused as UNAUTHENTICATED when it %s', async (_case, token) => {
    const json = await ask(await token(), 'application/json');
    expect({ status: json.status, codes: codesOf(json) }).toEqual({ status: 200, codes: ['UNAUTHENTICATED'] });
    expect(json.result).not.toHaveProperty('data');
    const graphql = await ask(await token(), 'application/graphql-response+json');
    expect({ status: graphql.status, codes: codesOf(graphql) }).toEqual({ status: 401, codes: ['UNAUTHENTICATED'] });
  });
});

describe('what is not an operation', () => {
  test.each([
    ['a syntax error', { query: '{ me { id' }, {}, [200, 400]],
    ['an unknown field', { query: '{ me { nothing } }' }, {}, [200, 400]],
    [
      'a field that is only for the gateway',
      { query: '{ friendListRevisions(ownerIds: []) { revision } }' },
      {},
      [200, 400],
    ],
    ['no query', {}, {}, [400]],
    ['no object', '7', {}, [400]],
    ['no JSON', '{"query":', {}, [400]],
    ['a batch', [{ query: '{ me { id } }' }], {}, [400]],
    ['a form', 'query={me{id}}', { 'content-type': 'application/x-www-form-urlencoded' }, [415]],
    ['a multipart form', '--x--', { 'content-type': 'multipart/form-data; boundary=x' }, [415]],
    ['plain text', '{"query":"{ me { id } }"}', { 'content-type': 'text/plain' }, [415]],
    ['257 KB', { query: `{ me { id } } #${'x'.repeat(257 * 1024)}` }, {}, [413]],
  ])('%s is refused', async (_case, body, headers, statuses) => {
    const refused = await post(body, headers as Record<string, string>);
    expect(statuses).toContain(refused.status);
    expect(codesOf(refused)).toEqual(['BAD_USER_INPUT']);
  });

  test('a body of unknown length that is too long is refused all the same', async () => {
    const chunks = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('x'.repeat(64 * 1024)));
      },
    });
    const response = await fetch(gateway.graphql, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: chunks,
      duplex: 'half',
    } as RequestInit).catch((error: Error) => error);
    // The connection is closed under the sender; an answer that made it out says 413.
    if (!(response instanceof Error)) expect(response.status).toBe(413);
    expect((await post({ query: '{ me { id } }' })).status).toBe(200);
  });
});

describe('a service that does not answer', () => {
  test('is SERVICE_UNAVAILABLE on its fields while the other service answers', async () => {
    await around.stopFriend();
    try {
      const both = await post({ query: '{ me { id nickname friendCount } other: user(id: "bob") { nickname } }' });
      expect(both.result.errors).toMatchObject([
        { path: ['me', 'friendCount'], extensions: { code: 'SERVICE_UNAVAILABLE' } },
      ]);
      expect(both.result.data).toEqual({ me: null, other: { nickname: 'N-bob' } });
      expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
      expect(await askWhetherReady(gateway.url)).toEqual({ ready: true, missing: ['friend'] });
    } finally {
      await around.startFriend();
    }
    await eventually('the service to be back', () => missesNothing(gateway.url));
    expect((await post({ query: '{ me { friendCount } }' })).result).toEqual({ data: { me: { friendCount: 7 } } });
  });

  test('is a reason to send nobody here once no service answers', async () => {
    const nowhere = 'http://127.0.0.1:1';
    const alone = await startAnother({}, { ...around, userUrl: nowhere, friendUrl: nowhere });
    expect((await fetch(`${alone.url}/ready`)).status).toBe(503);
    expect(await askWhetherReady(alone.url)).toEqual({ ready: false, missing: ['user', 'friend'] });
    await alone.stop();
  });

  test('is no reason to send nobody here while it says that it cannot: all gateways miss the same', async () => {
    const unable = createHttpServer((_request, response) => void response.writeHead(503).end('{}'));
    await new Promise<void>((resolve) => unable.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(unable.address() as { port: number }).port}`;
    const other = await startAnother({}, { ...around, userUrl: url, friendUrl: url });
    try {
      expect(await askWhetherReady(other.url)).toEqual({ ready: true, missing: ['user', 'friend'] });
      expect((await fetch(`${other.url}/ready`)).status).toBe(200);
    } finally {
      await other.stop();
      unable.closeAllConnections();
      unable.close();
    }
  });

  test('is given up when it accepts and says nothing', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const friendUrl = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
    const other = await startAnother({}, { ...around, friendUrl });
    try {
      // It never answers: without a limit of the gateway's own this would be waited for until the test is ended.
      const response = await fetch(other.graphql, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query: '{ me { id friendCount } }' }),
      });
      const result = (await response.json()) as Answer;
      expect(codesOf({ result })).toEqual(['SERVICE_UNAVAILABLE']);
    } finally {
      await other.stop();
      silent.close();
    }
  });
});

describe('for people and operators', () => {
  test('a browser is shown GraphiQL, which loads nothing from elsewhere', async () => {
    const home = await fetch(gateway.url, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect({ status: home.status, location: home.headers.get('location') }).toEqual({
      status: 302,
      location: '/graphql',
    });
    const page = await fetch(gateway.graphql, { headers: { accept: 'text/html,application/xhtml+xml' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    expect(html).toContain('YogaGraphiQL');
    expect(html).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/);
  });

  test('GraphiQL can be switched off', async () => {
    const other = await startAnother({ graphiql: 'off' });
    const page = await fetch(other.graphql, { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toContain('YogaGraphiQL');
    expect((await fetch(other.url, { redirect: 'manual' })).status).toBe(404);
    await other.stop();
  });

  test('it is alive, ready and measured', async () => {
    expect((await fetch(`${gateway.url}/live`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    for (const name of [
      'kith_live_subscribers',
      'kith_live_queued_changes',
      'kith_live_commit_to_socket_seconds_bucket',
    ]) {
      expect(metrics).toContain(name);
    }
  });
});
