import { once } from 'node:events';
import { eventually } from '@kith/local-servers';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { withTestGateway } from '../testing/with-test-gateway.ts';

const { around, gateway } = await withTestGateway();

const TOKENS = { accessToken: expect.stringMatching(/^ey/), refreshToken: 'refresh-ann' };

async function ask(query: string, headers: Record<string, string> = {}) {
  const response = await fetch(gateway.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data: unknown; errors: unknown; extensions: unknown };
}

test('what is selected behind a sign-in is what the user who signed in may see', async () => {
  expect(await ask('mutation { signIn(userId: "ann") { refreshToken user { ownCount } } }')).toEqual({
    data: { signIn: { refreshToken: 'refresh-ann', user: { ownCount: 5 } } },
  });
});

test('and not what somebody may see who asked: each new session sees its own', async () => {
  const authorization = `Bearer ${await around.tokenOf('eve')}`;
  const query = `mutation {
    accessToken: signIn(userId: "ann") { accessToken: refreshToken ...Mine }
    rename(nickname: "E") { ownCount }
    two: signIn(userId: "bob") { ...Mine }
  }
  fragment Mine on Session { user { id ownCount } }`;
  expect(await ask(query, { authorization })).toEqual({
    data: {
      accessToken: { accessToken: 'refresh-ann', user: { id: 'ann', ownCount: 5 } },
      rename: { ownCount: 5 },
      two: { user: { id: 'bob', ownCount: 5 } },
    },
  });
});

const SIGN_IN_AND_SEE = `mutation { signed: signIn(userId: "ann") {
  accessToken refreshToken user { id nickname } friend { id ownCount }
} }`;
const FORBIDDEN_BEHIND = {
  data: null,
  errors: [{ path: ['signed', 'friend', 'ownCount'], extensions: { code: 'FORBIDDEN', tookEffect: true } }],
  extensions: {
    completed: { signed: { ...TOKENS, user: { id: 'ann', nickname: 'N-ann' }, friend: { id: 'somebody-else' } } },
  },
};

test('tokens reach the client though what was selected behind them failed in another service', async () => {
  expect(await ask(SIGN_IN_AND_SEE)).toMatchObject(FORBIDDEN_BEHIND);
});

test('over server-sent events too', async () => {
  const response = await fetch(gateway.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: SIGN_IN_AND_SEE }),
  });
  const data = /^data: (.+)$/m.exec(await response.text())?.[1] ?? '';
  expect(JSON.parse(data)).toMatchObject(FORBIDDEN_BEHIND);
});

test('over WebSocket too', async () => {
  const socket = new WebSocket(gateway.graphql.replace('http', 'ws'), 'graphql-transport-ws');
  const heard: { type: string; payload: unknown }[] = [];
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await eventually('the acknowledgement', () => heard.length === 1);
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: SIGN_IN_AND_SEE } }));
  await eventually('the answer', () => heard.length === 3);
  expect(heard[1]).toMatchObject({ type: 'next', payload: FORBIDDEN_BEHIND });
  socket.terminate();
});

test('though it failed in the same service', async () => {
  expect(
    await ask('mutation { signIn(userId: "ann") { accessToken refreshToken broken user { ownCount } } }'),
  ).toMatchObject({
    data: null,
    errors: [{ path: ['signIn', 'broken'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    extensions: { completed: { signIn: { ...TOKENS, user: { ownCount: 5 } } } },
  });
});

test('though the service behind is away', async () => {
  await around.stopFriend();
  try {
    expect(
      await ask('mutation { signIn(userId: "ann") { accessToken refreshToken user { id friendCount } } }'),
    ).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE', tookEffect: true } }],
      extensions: { completed: { signIn: { ...TOKENS, user: { id: 'ann' } } } },
    });
  } finally {
    await around.startFriend();
  }
});

test.each([
  ['of another service', 'updateFriend(userId: "eve") { remark }', 'NOT_FRIENDS'],
  ['of the same one', 'rename(nickname: "x") { id }', 'UNAUTHENTICATED'],
])('though a field %s failed that stands beside it, of which nothing was done', async (_which, beside, code) => {
  const query = `mutation { signIn(userId: "ann") { accessToken refreshToken } beside: ${beside} }`;
  const { data, errors, extensions } = await ask(query);
  expect(data).toBeNull();
  expect(errors).toMatchObject([{ path: ['beside'], extensions: { code } }]);
  expect(JSON.stringify(errors)).not.toContain('tookEffect');
  expect(extensions).toEqual({ completed: { signIn: TOKENS } });
});

test('what comes after a field that failed is not done, and no error of ours', async () => {
  const { errors, extensions } = await ask(
    'mutation { rename(nickname: "x") { id } signIn(userId: "ann") { accessToken } }',
  );
  expect(errors).toMatchObject([{ path: ['rename'], extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(errors).toHaveLength(1);
  expect(extensions).toBeUndefined();
});

test('of a mutation that was refused nothing is said to be done', async () => {
  expect(await ask('mutation { updateFriend(userId: "eve") { user { ownCount } } }')).toEqual({
    data: null,
    errors: [{ message: expect.anything(), path: ['updateFriend'], extensions: { code: 'NOT_FRIENDS' } }],
  });
});
