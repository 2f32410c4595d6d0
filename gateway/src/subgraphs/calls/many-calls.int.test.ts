import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kith/local-servers';
import { createLog } from '@kith/service-kit';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { cuttableConnections } from '../../testing/cuttable-connections.ts';
import { HoldingService, tokenThatExpires } from '../../testing/holding-service.ts';
import { connectSubgraph, type Subgraph, type SubgraphCall, type SubgraphOptions } from '../call-subgraph.ts';

const log = createLog({ name: 'test', level: 'silent' });
const UNAVAILABLE = { errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] };

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function connect(urls: readonly string[], options: Partial<SubgraphOptions> = {}): Subgraph {
  const connected = connectSubgraph({ name: 'test', urls, gatewayKey: 'key', multiplexed: true, log, ...options });
  stops.push(() => connected.stop());
  return connected;
}

async function startService(name: string): Promise<HoldingService> {
  const service = await new HoldingService(name).start();
  stops.push(() => service.http.stop());
  return service;
}

async function lineTo(url: string) {
  const line = await cuttableConnections(url);
  stops.push(() => line.stop());
  return line;
}

test('over one connection every call is answered as over HTTP, byte for byte', async () => {
  const service = await startService('a');
  const [one, http] = [connect([service.url]), connect([service.url], { multiplexed: false })];
  const calls: SubgraphCall[] = [
    { query: '{ name viewer address }' },
    { query: '{ viewer }', authorization: `Bearer ${await tokenThatExpires('1h')}` },
    { query: '{ viewer }', authorization: `Bearer ${await tokenThatExpires('-1h')}` },
    { query: '{ viewer }', authorization: 'Bearer nonsense' },
    { query: '{ address }', clientAddress: '192.0.2.1' },
    { query: '{ broken name }' },
    { query: '{ nothing }' },
    { query: '{ name' },
    { query: '' },
    { query: 'query A { name } query B { viewer }', operationName: 'A' },
    { query: 'query A { name } query B { viewer }' },
    { query: 'query ($text: String) { echo(text: $text) }', variables: { text: 'line\nbreak \u2028 "quoted" 🙂 \0' } },
    { query: 'query ($text: String) { echo(text: $text) }', variables: { text: 7 } },
    { query: 'query ($text: String) { echo(text: $text) }', variables: { text: 'x'.repeat(3_000_000) } },
  ];
  for (const call of calls) {
    const lengths: [number, number] = [0, 0];
    const [over, plain] = await Promise.all(
      [one, http].map((subgraph, at) =>
        subgraph.call({
          ...call,
          tellLength: (length) => {
            lengths[at] = length;
          },
        }),
      ),
    );
    expect(JSON.stringify(over)).toBe(JSON.stringify(plain));
    expect(lengths[0]).toBe(lengths[1]);
  }
});

test('a call that is too long is refused alone', async () => {
  const service = await startService('a');
  const subgraph = connect([service.url]);
  const [long, short] = await Promise.all([
    subgraph.call({ query: '{ name }', variables: { text: 'x'.repeat(9_000_000) } }),
    subgraph.call({ query: '{ name }' }),
  ]);
  expect(long).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  expect(short).toEqual({ data: { name: 'a' } });
});

test('many calls share one connection, and a slow one keeps nobody waiting', async () => {
  const service = await startService('a');
  const subgraph = connect([service.url]);
  const slow = subgraph.call({ query: '{ held }' });
  await eventually('it is asked', () => service.held.length === 1);
  const quick = await Promise.all(Array.from({ length: 200 }, () => subgraph.call({ query: '{ name }' })));
  expect(new Set(quick.map((result) => JSON.stringify(result)))).toEqual(new Set(['{"data":{"name":"a"}}']));
  service.answerAll();
  expect(await slow).toEqual({ data: { held: 'a' } });
  expect(service.connections).toBe(1);
});

test('so many as are allowed at once are asked, the others wait for their turn', async () => {
  const service = await startService('a');
  const subgraph = connect([service.url], { maxConnections: 2, answerWithinMs: 60_000 });
  const calls = Array.from({ length: 5 }, () => subgraph.call({ query: '{ held }' }));
  let answered = 0;
  while (answered < 5) {
    const now = Math.min(2, 5 - answered);
    await eventually('they have their turn', () => service.held.length === now);
    answered += now;
    service.answerAll();
  }
  for (const result of await Promise.all(calls)) expect(result).toEqual({ data: { held: 'a' } });
});

test('without the gateway’s key nobody opens a connection, and a call says so', async () => {
  const service = await startService('a');
  expect(await connect([service.url], { gatewayKey: 'another' }).call({ query: '{ name }' })).toMatchObject({
    errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  });
  const ends = (headers: Record<string, string>, protocols: string[]) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${service.url.replace('http', 'ws')}/graphql`, protocols, { headers });
      socket.once('error', ({ message }) => resolve(message));
    });
  expect(await ends({}, ['kith-calls.v1'])).toContain('401');
  expect(await ends({ 'x-kith-gateway-key': 'key' }, ['another'])).toContain('400');
});

test('what is no call ends the connection, and nothing else', async () => {
  const service = await startService('a');
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/graphql`, ['kith-calls.v1'], {
    headers: { 'x-kith-gateway-key': 'key' },
  });
  await new Promise((resolve) => socket.once('open', resolve));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.send('{"id":1}');
  expect(await closed).toBe(1007);
  expect(await connect([service.url]).call({ query: '{ name }' })).toEqual({ data: { name: 'a' } });
});

test.each([
  ['answers upgrades as any request', (server: Server) => server],
  ['ends the connection of an upgrade', (server: Server) => server.on('upgrade', (_, socket) => socket.destroy())],
  ['leaves an upgrade without an answer, as a proxy may', (server: Server) => server.on('upgrade', () => undefined)],
])('a service that %s is asked over HTTP', async (_, prepared) => {
  const server = prepared(
    createServer((request, response) => {
      request.resume();
      if (request.method === 'GET') return void response.writeHead(404).end();
      response.end('{"data":{"name":"older"}}');
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const subgraph = connect([`http://127.0.0.1:${(server.address() as AddressInfo).port}`]);
  const calls = [{ query: '{ name }' }, { query: 'mutation { name }' }, { query: '{ name }' }];
  for (const call of calls) expect(await subgraph.call(call)).toEqual({ data: { name: 'older' } });
});

test('nobody waits any more: whoever works for it is told, and the others are answered', async () => {
  const service = await startService('a');
  const subgraph = connect([service.url], { answerWithinMs: 300 });
  // Something else is heard meanwhile: the connection is as it should be.
  const given = subgraph.call({ query: '{ held }' });
  await eventually('it is asked', () => service.held.length === 1);
  expect(await given).toMatchObject(UNAVAILABLE);
  await eventually('it is told', () => service.held[0]?.gone.aborted);
  expect(await subgraph.call({ query: '{ name }' })).toEqual({ data: { name: 'a' } });
  expect(service.connections).toBe(1);
});

test('a process that stops answers what it was asked, and what comes then is asked of another', async () => {
  const [a, b] = [await startService('a'), await startService('b')];
  const subgraph = connect([a.url, b.url], { answerWithinMs: 30_000 });
  const mutations = Array.from({ length: 8 }, () => subgraph.call({ query: 'mutation { held }' }));
  await eventually('all are asked', () => a.held.length + b.held.length === 8);
  expect(a.held.length).toBeGreaterThan(0);

  const stopping = a.http.stop();
  const results = [];
  for (let n = 0; n < 100; n += 1) results.push(await subgraph.call({ query: n % 2 ? '{ name }' : '{ viewer }' }));
  expect(results.filter((result) => 'errors' in result)).toEqual([]);
  a.answerAll();
  b.answerAll();
  for (const result of await Promise.all(mutations)) expect(result).not.toHaveProperty('errors');
  await stopping;
  expect(await subgraph.call({ query: '{ name }' })).toEqual({ data: { name: 'b' } });
});

test('a lost connection: a query is asked of another process, a mutation that was sent is not', async () => {
  const [a, b] = [await startService('a'), await startService('b')];
  const line = await lineTo(a.url);
  const subgraph = connect([line.url, b.url], { answerWithinMs: 30_000 });
  const calls = ['{ held }', 'mutation { held }'].map((query) =>
    Array.from({ length: 4 }, () => subgraph.call({ query })),
  );
  await eventually('all are asked', () => a.held.length + b.held.length === 8);
  const lost = a.held.length;
  expect(lost).toBeGreaterThan(1);
  line.cut();
  await eventually('it is told', () => a.held.every(({ gone }) => gone.aborted));
  const answering = setInterval(() => b.answerAll(), 10);
  const [queries, mutations] = await Promise.all(calls.map((each) => Promise.all(each)));
  clearInterval(answering);
  for (const result of queries!) expect(result).toEqual({ data: { held: 'b' } });
  const failed = mutations!.filter((result) => 'errors' in result);
  expect(failed.length).toBeGreaterThan(0);
  for (const result of failed) expect(result).toMatchObject(UNAVAILABLE);
  // And it is connected again.
  await eventually('it is asked over another connection', async () => {
    await subgraph.call({ query: '{ name }' });
    return line.opened > 1;
  });
});

test('a connection that leads nowhere is given up with the first call that it has not answered', async () => {
  const service = await startService('a');
  const line = await lineTo(service.url);
  const subgraph = connect([line.url], { answerWithinMs: 1_500 });
  expect(await subgraph.call({ query: '{ name }' })).toEqual({ data: { name: 'a' } });
  line.silence();
  expect(await subgraph.call({ query: '{ name }' })).toMatchObject(UNAVAILABLE);
  expect(await subgraph.call({ query: '{ name }' })).toEqual({ data: { name: 'a' } });
  expect(line.opened).toBe(2);
});

test('nobody is reached: every call says so, and is answered as soon as somebody is', async () => {
  const service = await startService('a');
  const { port } = new URL(service.url);
  const subgraph = connect([service.url]);
  await service.http.stop();
  for (const query of ['{ name }', 'mutation { held }'])
    expect(await subgraph.call({ query })).toMatchObject(UNAVAILABLE);
  const server = createServer((_request, response) => response.end('{"data":{"name":"again"}}'));
  await new Promise<void>((resolve) => server.listen(Number(port), '127.0.0.1', resolve));
  stops.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  expect(await subgraph.call({ query: '{ name }' })).toEqual({ data: { name: 'again' } });
});
