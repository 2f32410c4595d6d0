import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kith/local-servers';
import { createLog, startHttpServer } from '@kith/service-kit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connectSubgraph, type Subgraph } from './call-subgraph.ts';
import { followReplicas } from './replicas.ts';

const log = createLog({ name: 'test', level: 'silent' });
const UNAVAILABLE = { errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] };
const QUERY = { query: '{ me { id } }' };
const MUTATION = { query: 'mutation { signOut }' };

type Answers = (request: IncomingMessage, response: ServerResponse) => void;

/** A process of a service, which a test can let fail in its own way. */
async function startReplica(name: string, host = '127.0.0.1', port = 0) {
  const replica = {
    asked: 0,
    ready: true,
    answers: ((_request, response) => response.end(JSON.stringify({ data: { me: name } }))) as Answers,
  };
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/ready') return void response.writeHead(replica.ready ? 200 : 503).end();
    replica.asked += 1;
    replica.answers(request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  servers.push(server);
  return Object.assign(replica, { server, url: `http://${host}:${(server.address() as AddressInfo).port}` });
}

const servers: Server[] = [];
let one: Awaited<ReturnType<typeof startReplica>>;
let other: typeof one;
let subgraph: Subgraph;
beforeEach(async () => {
  one = await startReplica('one');
  other = await startReplica('other');
  subgraph = connectSubgraph({ name: 'user', urls: [one.url, other.url], gatewayKey: 'k', log, answerWithinMs: 4_000 });
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await subgraph.stop();
});

const ask = (call: { query: string }, times: number) =>
  Promise.all(Array.from({ length: times }, () => subgraph.call(call)));

test('all replicas are asked', async () => {
  for (const result of await ask(QUERY, 40)) expect(result).not.toHaveProperty('errors');
  expect(one.asked).toBeGreaterThan(10);
  expect(other.asked).toBeGreaterThan(10);
});

test.each([
  ['closes the connection', (request) => request.socket.destroy()],
  [
    'closes the connection in the middle of its answer',
    (request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"data"');
      setTimeout(() => request.socket.destroy(), 5);
    },
  ],
  ['answers with a page of a proxy', (_request, response) => response.writeHead(502).end('<html>')],
  ['answers nothing', () => undefined],
] as [string, Answers][])(
  'what one that %s has not answered is asked of the other, if it is a query',
  async (_, answers) => {
    one.answers = answers;
    for (const result of await ask(QUERY, 6)) expect(result).toEqual({ data: { me: 'other' } });
    expect(one.asked).toBeGreaterThan(0);

    // A mutation may have been done: it is never sent twice.
    const [before, mutations] = [one.asked + other.asked, 6];
    const failed = (await ask(MUTATION, mutations)).filter((result) => 'errors' in result);
    for (const result of failed) expect(result).toMatchObject(UNAVAILABLE);
    expect(one.asked + other.asked - before).toBeLessThanOrEqual(mutations);
  },
);

test('a mutation that could not be sent to one is sent to the other', async () => {
  one.server.close();
  one.server.closeAllConnections();
  for (const result of await ask(MUTATION, 20)) expect(result).toEqual({ data: { me: 'other' } });
  expect(other.asked).toBe(20);
});

test('one that is not ready is asked nothing while another is, and again when it is', async () => {
  one.ready = false;
  await eventually('nothing is asked of it', async () => {
    const before = one.asked;
    await ask(QUERY, 10);
    return one.asked === before;
  });
  expect(await subgraph.ready()).toBe(true);
  one.ready = true;
  await eventually('it is asked again', async () => {
    const before = one.asked;
    await ask(QUERY, 10);
    return one.asked > before;
  });
  // When all say that something is away, they are asked all the same: one may do without what the other needs.
  one.ready = false;
  other.ready = false;
  await eventually('the service is not ready', async () => !(await subgraph.ready()));
  expect(await subgraph.call(QUERY)).not.toHaveProperty('errors');
});

test('a service that says it is not ready is heard, and one that has said nothing for long is not', async () => {
  const nowhere = connectSubgraph({ name: 'friend', urls: ['http://127.0.0.1:1'], log });
  one.ready = false;
  other.ready = false;
  expect([await subgraph.ready(), subgraph.heard]).toEqual([false, true]);
  expect([await nowhere.ready(), nowhere.heard]).toEqual([false, false]);
  await nowhere.stop();

  for (const { server } of [one, other]) {
    server.closeAllConnections();
    server.close();
  }
  await eventually('nobody answers', async () => 'errors' in (await subgraph.call(QUERY)));
  expect([await subgraph.ready(), subgraph.heard]).toEqual([false, true]);
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(60_000);
  expect(subgraph.heard).toBe(false);
  vi.useRealTimers();
});

test('one that is ready is answer enough, whatever the other says', async () => {
  // It is never answered: with nobody else it would be waited for.
  other.server.removeAllListeners('request');
  other.server.on('request', () => undefined);
  expect(await subgraph.ready()).toBe(true);
});

test('a service that stops goes on until all know it: no call fails, mutations neither', async () => {
  const answer: Answers = (_request, response) => void response.end('{"data":{"signOut":true}}');
  const options = {
    ...{ host: '127.0.0.1', port: 0, log, ready: () => ({ ready: true, uses: {} }), noticeMs: 3_000 },
    routes: { '/graphql': answer },
  };
  const [first, second] = [await startHttpServer(options), await startHttpServer(options)];
  const service = connectSubgraph({ name: 'user', urls: [first.url, second.url], gatewayKey: 'k', log });
  let over = false;
  const errors: unknown[] = [];
  const clients = Array.from({ length: 8 }, async () => {
    while (!over) {
      const result = await service.call(MUTATION);
      if ('errors' in result) errors.push(result);
    }
  });
  await service.call(MUTATION);
  await first.stop();
  over = true;
  await Promise.all(clients);
  expect(errors).toEqual([]);
  await service.stop();
  await second.stop();
});

test('a name that stands for several addresses is several replicas, and follows what it stands for', async () => {
  const a = await startReplica('a', '127.0.0.2');
  const { port } = new URL(a.url);
  const c = await startReplica('c', '127.0.0.3', Number(port));
  let addresses = ['127.0.0.2', '127.0.0.3'];
  const replicas = followReplicas({
    ...{ name: 'user', urls: [`http://user.test:${port}`], log, maxConnections: 4 },
    resolve: async () => addresses,
  });
  const seen = async () => {
    const found = new Set<string>();
    const tried = new Set<NonNullable<ReturnType<typeof replicas.choose>>>();
    for (let replica = replicas.choose(tried); replica; replica = replicas.choose(tried)) {
      tried.add(replica);
      const response = await replica.pool.request({ path: '/graphql', method: 'POST' }).catch(() => undefined);
      found.add(response ? await response.body.text() : 'nobody');
    }
    return [...found].sort();
  };
  const [ofA, ofC] = ['{"data":{"me":"a"}}', '{"data":{"me":"c"}}'];
  await eventually('both are known', async () => (await seen()).join() === [ofA, ofC].join());
  addresses = ['127.0.0.3', '127.0.0.4'];
  await eventually('one has left', async () => (await seen()).join() === ['nobody', ofC].join());
  await replicas.stop();
  expect(c.asked).toBeGreaterThan(0);
});
