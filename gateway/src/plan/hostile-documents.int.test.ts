import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import { describe, expect, test } from 'vitest';
import { connectLiveClient } from '../testing/live-client.ts';
import { withTestGateway } from '../testing/with-test-gateway.ts';

const { around, gateway } = await withTestGateway();

/** One field with two values of an argument, under types that exclude each other: valid, and the end of the planner. */
const CONFLICT = `subscription ($after: String) { friendListChanged(after: $after) { revision
  ... on FriendAdded { friend { user { mutual(first: 1) } } }
  ... on FriendChanged { friend { user { mutual(first: 2) x: username nickname } } }
  ... on FriendListSnapshot { friends { user { mutual x: mutual(first: 3) } } } } }`;

async function ask(query: string, headers: Record<string, string> = {}) {
  let answer: { status: number; text: string } | undefined;
  // Where this machine has too much to do it says so.
  await eventually('an answer', async () => {
    const response = await fetch(gateway.graphql, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    answer = { status: response.status, text: await response.text() };
    return !answer.text.includes('SERVICE_UNAVAILABLE');
  });
  return answer!;
}

async function planned(): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(/^kith_planner_documents_total (\d+)/m.exec(text)?.[1] ?? 0);
}

describe('who is not signed in', () => {
  test('is refused a subscription before it is planned, over server-sent events', async () => {
    const before = await planned();
    const { text } = await ask(CONFLICT, { accept: 'text/event-stream' });
    expect(text).toContain('"UNAUTHENTICATED"');
    expect(await planned()).toBe(before);
  });

  test('is refused a subscription before it is planned, over WebSocket, and the socket stays', async () => {
    const before = await planned();
    const client = connectLiveClient(gateway.graphql);
    const refused = client.watch({ query: CONFLICT });
    await eventually('the refusal', () => refused.ended);
    expect(refused.errors.map(({ extensions }) => extensions?.code)).toEqual(['UNAUTHENTICATED']);
    expect(client.closes.filter(({ code }) => code !== 1000)).toEqual([]);
    expect(await planned()).toBe(before);
    await client.stop();
  });
});

const times = (count: number, of: (each: number) => string) => Array.from({ length: count }, (_, each) => of(each));

describe('a document that is made to take much', () => {
  test.each([
    ['lists in lists', `{ user(id: ${'['.repeat(950)}"a"${']'.repeat(950)}) { id } }`],
    ['lists that are not closed', `{ user(id: ${'['.repeat(1_900)}`],
    ['objects in objects', `{ user(id: ${'{ a: '.repeat(450)}1${'}'.repeat(450)}) { id } }`],
    ['fields in fields', `{ ${'me { '.repeat(600)} id ${'}'.repeat(600)} }`],
    ['types in types', `query ($v: ${'['.repeat(900)}ID${']'.repeat(900)}) { user(id: $v) { id } }`],
    [
      'a chain of fragments',
      `{ me { ...F0 } } ${times(200, (n) => `fragment F${n} on User { ...F${n + 1} }`).join(' ')} fragment F200 on User { x }`,
    ],
    ['a ring of fragments', '{ me { ...A } } fragment A on User { ...B } fragment B on User { ...A }'],
    [
      'fragments that each spread the next twice',
      `{ me { ...F0 } } ${times(40, (n) => `fragment F${n} on User { ...F${n + 1} ...F${n + 1} }`).join(' ')} fragment F40 on User { id }`,
    ],
    [
      'fields that have to be compared with each other',
      `{ me { ${times(600, (n) => `id: ${n % 2 ? 'id' : 'username'}`).join(' ')} } }`,
    ],
    [
      'fragments that have to be compared with each other',
      `{ me { ${times(90, (n) => `...F${n}`).join(' ')} } } ${times(90, (n) => `fragment F${n} on User { x: ${n % 2 ? 'id' : 'username'} }`).join(' ')}`,
    ],
    ['directives', `{ me { id ${'@include(if: true) '.repeat(200)} } }`],
    ['a huge number', `{ user(id: ${'9'.repeat(20_000)}) { id } }`],
    ['a huge text', `{ user(id: "${'x'.repeat(100_000)}") { username } }`],
    ['a condition that is null', 'query ($v: Boolean) { me { id @include(if: null) } }'],
  ])('%s: is answered as others are', async (_what, query) => {
    const { status, text } = await ask(query);
    expect(status).toBeLessThan(500);
    const { data, errors = [] } = JSON.parse(text) as { data?: unknown; errors?: { extensions: { code: string } }[] };
    if (data === undefined) expect(errors.length).toBeGreaterThan(0);
    for (const { extensions } of errors) expect(extensions.code).toMatch(/^(BAD_USER_INPUT|QUERY_TOO_COMPLEX)$/);
  });
});

test('two kinds of a change may ask one name for other things', async () => {
  const owner = randomUUID();
  const client = connectLiveClient(gateway.graphql, { authorization: `Bearer ${await around.tokenOf(owner)}` });
  const list = client.watch({ after: `${owner}:0`, query: CONFLICT });
  around.commit(owner, 'one');
  await eventually('the change', () => list.changes.length === 1 || list.ended);
  expect(list.errors).toEqual([]);
  expect(list.changes[0]?.friend?.user).toEqual({ mutual: [0, 1], x: 'u-friend-1', nickname: 'Ada' });
  await client.stop();
});
