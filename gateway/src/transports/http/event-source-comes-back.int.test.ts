import { randomUUID } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kith/local-servers';
import { EventSource } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { withTestGateway } from '../../testing/with-test-gateway.ts';

const { around, gateway } = await withTestGateway();
const owner = randomUUID();
const leaves: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leaves.splice(0)) await leave();
});

/** Between an EventSource and the gateway: adds the token, which no EventSource can, and cuts what is open. */
async function startProxy() {
  const answers = new Set<IncomingMessage>();
  const authorization = `Bearer ${await around.tokenOf(owner)}`;
  const server = createServer((request, response) => {
    const headers = { ...request.headers, authorization };
    httpRequest(`${gateway.url}${request.url}`, { headers, agent: false }, (answer) => {
      answers.add(answer);
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
      answer.on('error', () => undefined).on('close', () => response.destroy());
    }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  leaves.push(stop);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      for (const answer of answers) answer.destroy();
      answers.clear();
    },
  };
}

test('an EventSource that comes back by itself misses nothing, and gets nothing twice', async () => {
  const proxy = await startProxy();
  const query = `subscription { friendListChanged(after: "${owner}:0") { revision } }`;
  const source = new EventSource(`${proxy.url}/graphql?query=${encodeURIComponent(query)}`, {
    node: { reconnectionTime: 20 },
  });
  leaves.unshift(() => source.close());
  const heard: number[] = [];
  source.addEventListener('next', (event) => {
    heard.push(JSON.parse((event as MessageEvent).data).data.friendListChanged.revision);
  });
  let last = 0;
  for (let round = 0; round < 5; round += 1) {
    last = around.commit(owner, `one of ${round}`).revision;
    await eventually('the change', () => heard.at(-1) === last);
    proxy.cut();
    last = around.commit(owner, `meanwhile ${round}`).revision;
  }
  await eventually('the last', () => heard.at(-1) === last);
  expect(heard).toEqual(Array.from({ length: last }, (_, at) => at + 1));
});
