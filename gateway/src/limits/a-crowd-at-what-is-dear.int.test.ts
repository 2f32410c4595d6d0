import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BULKHEAD_DIRECTIVE_SDL, BULKHEAD_SPECIFICATION } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { afterAll, expect, test } from 'vitest';
import { composeNeighbours } from '../testing/neighbours-schemas.ts';
import { withTestGateway } from '../testing/with-test-gateway.ts';

/** A service that answers dear fields only when it is let, and how many it is asked for at this moment. */
const held = new Map<ServerResponse, string>();
let mostHeld = 0;
const heldOf = (field: RegExp) => [...held.values()].filter((body) => field.test(body)).length;
const service = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString();
  if (/slowly|search/.test(body)) {
    held.set(response, body);
    response.once('close', () => held.delete(response));
    mostHeld = Math.max(mostHeld, held.size);
    return;
  }
  const { authorization = '', 'x-kith-gateway-key': key = '' } = request.headers;
  const headers = { 'content-type': 'application/json', authorization, 'x-kith-gateway-key': String(key) };
  const answer = await fetch(`${around.friendUrl}/graphql`, { method: 'POST', headers, body });
  response.end(await answer.text());
});
function letGo(): void {
  for (const response of held.keys())
    response.end('{"data":{"search":1,"_entities":[{"__typename":"User","slowly":1}]}}');
  held.clear();
}
async function letGoUntil<Result>(asked: Promise<Result>): Promise<Result> {
  let isOver = false;
  void asked.finally(() => {
    isOver = true;
  });
  await eventually('all are answered or refused', async () => {
    letGo();
    return isOver;
  });
  return asked;
}
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
afterAll(() => {
  service.closeAllConnections();
  service.close();
});

const supergraphSdl = composeNeighbours({
  friend: `
    extend schema @link(url: "${BULKHEAD_SPECIFICATION}", import: ["@bulkhead"]) @composeDirective(name: "@bulkhead")
    ${BULKHEAD_DIRECTIVE_SDL}
    extend type User { slowly: Int @bulkhead }
    extend type Query { search: Int @bulkhead }`,
});
const { around, gateway } = await withTestGateway({
  supergraphSdl,
  env: {
    FRIEND_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
    ...{ OPERATIONS_AT_ONCE: '16', SUBGRAPH_TIMEOUT_MS: '60000', OPERATION_TIMEOUT_MS: '60000' },
  },
});

async function ask(userId: string, query: string): Promise<(string | undefined)[]> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await around.tokenOf(userId)}` };
  const response = await fetch(gateway.graphql, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const { errors = [] } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return errors.map(({ extensions }) => extensions.code);
}

async function others(): Promise<unknown[]> {
  const codes: unknown[] = [];
  for (let n = 0; n < 10; n += 1) {
    const asked = [
      '{ me { friendCount } }',
      '{ friendListChanges { revision } }',
      'mutation { rename(nickname: "n") { id } }',
    ];
    codes.push(...(await Promise.all(asked.map((query) => ask(`other-${n}`, query)))).flat());
  }
  return codes;
}

// First: once all of its answers are slow, a field has fewer places than eight, and never fewer than two.
test('who asks for it many times at once has half of the places, and the next person is answered', async () => {
  const one = Promise.all(Array.from({ length: 30 }, () => ask('one', '{ me { slowly } }')));
  await eventually('one has what one may have', async () => held.size === 4);
  const next = ask('next', '{ me { slowly } }');
  await eventually('the next person is let in', async () => held.size === 5);
  const [codes, ofNext] = await letGoUntil(Promise.all([one, next]));
  expect(ofNext).toEqual([]);
  expect(codes.filter((each) => each.length === 0).length).toBeGreaterThanOrEqual(4);
  expect(new Set(codes.flat())).toEqual(new Set(['SERVICE_UNAVAILABLE']));
});

test.each([
  ['behind an entity', '{ me { slowly } }'],
  ['through a fragment', 'query Q { me { ...Dear } } fragment Dear on User { again: slowly }'],
  ['at the root', '{ search }'],
  ['behind a mutation', 'mutation { rename(nickname: "n") { slowly } }'],
])('a hundred people who ask for something dear at once, %s, cost others no error', async (_, query) => {
  mostHeld = 0;
  const crowd = Promise.all(Array.from({ length: 100 }, (_, n) => ask(`person-${n}`, query)));
  await eventually('their places are taken', async () => held.size >= 2);
  expect(await others()).toEqual([]);
  const codes = await letGoUntil(crowd);
  expect(codes.filter((each) => each.length === 0).length).toBeGreaterThanOrEqual(2);
  expect(new Set(codes.flat())).toEqual(new Set(['SERVICE_UNAVAILABLE']));
  expect(mostHeld).toBeLessThanOrEqual(8);
});

test('a crowd at one dear field takes no place of another', async () => {
  const crowd = Promise.all(Array.from({ length: 30 }, (_, n) => ask(`person-${n}`, '{ me { slowly } }')));
  await eventually('their places are taken', async () => heldOf(/slowly/) >= 2);
  const search = ask('seeker', '{ search }');
  await eventually('the search is asked', async () => heldOf(/search/) === 1);
  const [ofSearch] = await letGoUntil(Promise.all([search, crowd]));
  expect(ofSearch).toEqual([]);
});
