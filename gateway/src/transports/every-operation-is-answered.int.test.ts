import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { eventually } from '@kith/local-servers';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { withTestGateway } from '../testing/with-test-gateway.ts';

/** Whatever the parser takes is answered, or refused with a code: nothing is a 500, and nothing closes a socket. */

const { around, gateway } = await withTestGateway();
const authorization = `Bearer ${await around.tokenOf('ada')}`;

const HUGE = '123456789012345678901234567890';

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

/** A socket of Ada's with a live list on it. */
async function watchingSocket() {
  const socket = new WebSocket(gateway.graphql.replace('http', 'ws'), 'graphql-transport-ws');
  const heard: Message[] = [];
  let closedWith: number | undefined;
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  socket.on('close', (code) => {
    closedWith = code;
  });
  await once(socket, 'open');
  const say = (message: unknown) => socket.send(JSON.stringify(message));
  say({ type: 'connection_init', payload: { authorization } });
  await eventually('the acknowledgement', () => heard.length === 1);
  say({ id: 'live', type: 'subscribe', payload: { query: 'subscription { friendListChanged { revision } }' } });
  const told = (id: string) => heard.filter((message) => message.id === id);
  await eventually('the list', () => told('live').length >= 2);
  const watched = told('live').length;
  return {
    say,
    told,
    async isStillWatched() {
      around.commit('ada', 'again');
      await eventually('a change on the same socket', () => told('live').length > watched || closedWith !== undefined);
      expect(closedWith).toBeUndefined();
      socket.terminate();
    },
  };
}

const answered = (data: object) => ({ data });
const refused = { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] };
const nullCondition = { a: null };

const OPERATIONS: [what: string, query: string, variables: object, answer: object][] = [
  ['an ID beyond 64 bits', `{ user(id: ${HUGE}) { id } }`, {}, answered({ user: { id: HUGE } })],
  ['a negative one', `{ user(id: -${HUGE}) { id } }`, {}, answered({ user: { id: `-${HUGE}` } })],
  ['one in a default', `query($i: ID = ${HUGE}) { user(id: $i) { id } }`, {}, answered({ user: { id: HUGE } })],
  ['an Int beyond 64 bits', `{ friendListChanges(first: ${HUGE}) { cursor } }`, {}, refused],
  ['a description of an operation', '"""A person""" query Q { me { id } }', {}, answered({ me: { id: 'ada' } })],
  ['of a variable', 'query Q("who" $i: ID = "x") { user(id: $i) { id } }', {}, answered({ user: { id: 'x' } })],
  ['of a fragment', '{ me { ...F } } "its id" fragment F on User { id }', {}, answered({ me: { id: 'ada' } })],
  ['a null condition', 'query($a: Boolean = true) { me @skip(if: $a) { id } }', nullCondition, refused],
  ['one inside', 'query($a: Boolean = true) { me { id @include(if: $a) } }', nullCondition, refused],
  [
    'one about the schema',
    'query($a: Boolean = true) { __schema @skip(if: $a) { __typename } }',
    nullCondition,
    refused,
  ],
  ['a variable of another type', 'query($f: Int) { friendListChanges(first: $f) { cursor } }', { f: 'x' }, refused],
  ['several operations and none named', 'query A { me { id } } query B { me { id } }', {}, refused],
  ['nothing left of a query', '{ me @skip(if: true) { id } }', {}, answered({})],
  ['nothing left of a subscription', 'subscription { friendListChanged @skip(if: true) { revision } }', {}, refused],
  ['or of its fragment', 'subscription { ... @include(if: false) { friendListChanged { revision } } }', {}, refused],
  [
    'a null condition of a subscription',
    'subscription($a: Boolean = true) { friendListChanged { revision @skip(if: $a) } }',
    nullCondition,
    refused,
  ],
  [
    'a condition on what a subscription is for',
    'subscription($a: Boolean!) { friendListChanged @skip(if: $a) { revision } }',
    { a: false },
    refused,
  ],
];

test.each(OPERATIONS)('%s is answered over HTTP, and is no 500: %s', async (_what, query, variables, answer) => {
  const response = await fetch(gateway.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', authorization },
    body: JSON.stringify({ query, variables }),
  });
  expect(await response.json()).toMatchObject(answer);
  expect(response.status).toBeLessThan(500);
});

test.each(OPERATIONS)('%s closes no socket, and is answered on it: %s', async (_what, query, variables, answer) => {
  const socket = await watchingSocket();
  socket.say({ id: 'one', type: 'subscribe', payload: { query, variables } });
  await eventually('its answer', () => socket.told('one').length > 0);
  const [first] = socket.told('one');
  expect(first).toMatchObject(
    'errors' in answer ? { type: 'error', payload: answer.errors } : { type: 'next', payload: answer },
  );
  await socket.isStillWatched();
});

test('a subscription with a description is live', async () => {
  const socket = await watchingSocket();
  const query = '"my friends" subscription { friendListChanged { revision } }';
  socket.say({ id: 'described', type: 'subscribe', payload: { query } });
  await eventually('the list', () => socket.told('described').length >= 2);
  await socket.isStillWatched();
});

test.each(['', 'Nobody'])('an operation name that is not there ("%s") closes no socket', async (operationName) => {
  const socket = await watchingSocket();
  socket.say({ id: 'one', type: 'subscribe', payload: { query: 'query Mine { me { id } }', operationName } });
  await eventually('its answer', () => socket.told('one').length > 0);
  expect(socket.told('one')).toMatchObject([{ type: 'error', payload: refused.errors }]);
  await socket.isStillWatched();
});

test('an id that is taken closes the socket with 4409, however long it is', async () => {
  const socket = new WebSocket(gateway.graphql.replace('http', 'ws'), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
  await once(socket, 'message');
  const payload = { query: 'subscription { friendListChanged { revision } }' };
  const taken = JSON.stringify({ id: `${'ü'.repeat(200)}${randomUUID()}`, type: 'subscribe', payload });
  socket.send(taken);
  socket.send(taken);
  expect((await once(socket, 'close'))[0]).toBe(4409);
});

test.each(['connection_ack', 'next', 'error'])('what only servers say ("%s") is a bad request: 4400', async (type) => {
  const socket = new WebSocket(gateway.graphql.replace('http', 'ws'), 'graphql-transport-ws');
  await once(socket, 'open');
  const payload = type === 'error' ? [{ message: 'no' }] : {};
  socket.send(JSON.stringify({ id: 'one', type, payload }));
  expect((await once(socket, 'close'))[0]).toBe(4400);
});

test.each([
  'variables={',
  'variables=%7B%22a%22',
  'variables=NaN',
  'extensions={',
  'extensions=x',
  '%76ariables={',
  'variables=[1]',
  'extensions=5',
])('a GET whose %s cannot be read is refused with a code', async (unreadable) => {
  const response = await fetch(`${gateway.graphql}?query=%7Bme%7Bid%7D%7D&${unreadable}`);
  expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({
    status: 400,
    ...refused,
  });
});

test('none of it was an error of ours', () => {
  expect(gateway.logged).toEqual([]);
});
