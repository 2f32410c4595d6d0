// Longer than other files: one table of all that is wrong with an input, over one system that takes long to start.

import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokenForger } from '../src/attacks/forge-token.ts';
import { openDatabase } from '../src/databases/open-database.ts';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import { subscribeOverSse } from '../src/lists/subscribe-over-sse.ts';
import { subscribeOverWebSocket } from '../src/lists/subscribe-over-websocket.ts';
import { ask, type Operation } from '../src/people/ask-gateway.ts';
import {
  ACCEPT_REQUEST,
  ADD_FRIEND,
  addFriend,
  makeFriends,
  REMOVE_FRIEND,
  readPage,
  UPDATE_FRIEND,
  UPDATE_PROFILE,
  updateProfile,
} from '../src/people/friend-operations.ts';
import { PASSWORD, type Person, SIGN_IN, SIGN_UP, signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

let system: SystemForTest;
let gatewayUrl: string;
let userDatabase: pg.Pool;
let forge: Awaited<ReturnType<typeof tokenForger>>;
/** Friends are ann and bob; eve has asked ann; carl takes no requests; dora is a stranger to all. */
let ann: Person;
let bob: Person;
let carl: Person;
let dora: Person;
let eve: Person;
let evesRequestId: string;
let stateBefore: unknown;

beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
  [gatewayUrl] = system.gatewayUrls as [string];
  userDatabase = openDatabase(system.userDatabaseUrl);
  forge = await tokenForger(system.kithData);
  ann = await signUp(gatewayUrl, 'ann');
  bob = await signUp(gatewayUrl, 'bob');
  carl = await signUp(gatewayUrl, 'carl');
  dora = await signUp(gatewayUrl, 'dora');
  eve = await signUp(gatewayUrl, 'eve');
  await makeFriends(ann, bob);
  evesRequestId = (await addFriend(eve, ann.id)).request.id;
  await updateProfile(carl, { friendPolicy: 'CLOSED' });
  await eventually('the policy is known to the friend service', async () => {
    const { rows } = await system.friendDatabase.query('SELECT friend_policy FROM profile WHERE user_id = $1', [
      carl.id,
    ]);
    return rows[0]?.friend_policy === 'CLOSED';
  });
  stateBefore = await state();
});
afterAll(async () => {
  await userDatabase?.end();
  await system?.stop();
});

/** What no refused operation may change. */
async function state(): Promise<unknown> {
  const friend = await system.friendDatabase.query(
    `SELECT (SELECT count(*) FROM outbox) AS events, (SELECT sum(revision) FROM friend_list) AS revisions,
      (SELECT count(*) FROM friend) AS friends, (SELECT count(*) FROM friend_request) AS requests`,
  );
  const user = await userDatabase.query(
    'SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM outbox) AS events, (SELECT sum(version) FROM users) AS versions',
  );
  return { friend: friend.rows[0], user: user.rows[0] };
}

type Refusal = { code: string; field?: string; limit?: number };

async function expectRefusal(operation: Operation, { code, field, limit }: Refusal): Promise<void> {
  const { errors } = await ask(gatewayUrl, operation);
  expect(errors.map(({ extensions }) => extensions)).toEqual([
    expect.objectContaining({ code, ...(field && { field }), ...(limit !== undefined && { limit }) }),
  ]);
  // A message tells the reader what to do; it never tells what went on inside.
  expect(errors[0]!.message).not.toMatch(/postgres|prisma|select |insert |node_modules|undefined|\bat \w+ \(/i);
  expect(await state()).toEqual(stateBefore);
}

const bad = (field: string, limit?: number): Refusal => ({
  code: 'BAD_USER_INPUT',
  field,
  ...(limit !== undefined && { limit }),
});
const x = (length: number) => 'x'.repeat(length);

describe('accounts', () => {
  const account = (input: object) => ({
    query: SIGN_UP,
    variables: { input: { username: 'newcomer', password: PASSWORD, nickname: 'New', ...input } },
  });

  test.each<[string, object, Refusal]>([
    ['an empty username', { username: '' }, bad('username', 3)],
    ['a short username', { username: 'ab' }, bad('username', 3)],
    ['a long username', { username: x(33) }, bad('username', 32)],
    ['a username of a million characters', { username: x(200_000) }, bad('username', 32)],
    ['a username with a space', { username: 'new comer' }, bad('username')],
    ['a username with an umlaut', { username: 'neuköln' }, bad('username')],
    ['a username with NUL', { username: 'new\u0000comer' }, bad('username')],
    ['a taken username', { username: 'ann' }, { code: 'USERNAME_TAKEN' }],
    ['a taken username in capitals', { username: 'ANN' }, { code: 'USERNAME_TAKEN' }],
    ['an empty password', { password: '' }, bad('password', 8)],
    ['a short password', { password: x(7) }, bad('password', 8)],
    ['a long password', { password: x(129) }, bad('password', 128)],
    ['an empty nickname', { nickname: '' }, bad('nickname', 1)],
    ['a nickname of spaces', { nickname: '   ' }, bad('nickname', 1)],
    ['a long nickname', { nickname: x(65) }, bad('nickname', 64)],
    ['a nickname with NUL', { nickname: 'A\u0000nn' }, bad('nickname')],
    ['a nickname over two lines', { nickname: 'A\nnn' }, bad('nickname')],
    ['a nickname with half an emoji', { nickname: 'A\ud83d' }, bad('nickname')],
    ['a nickname that nobody sees', { nickname: '\u200b\u200d' }, bad('nickname')],
    ['an avatar over http', { avatarUrl: 'http://example.com/a.png' }, bad('avatarUrl')],
    ['an avatar that is a script', { avatarUrl: 'javascript:alert(1)' }, bad('avatarUrl')],
    ['an avatar on a private address', { avatarUrl: 'https://169.254.169.254/a.png' }, bad('avatarUrl')],
    ['an avatar that is no URL', { avatarUrl: 'https://' }, bad('avatarUrl')],
    ['a long avatar URL', { avatarUrl: `https://example.com/${x(2048)}` }, bad('avatarUrl', 2048)],
    ['a username that is null', { username: null }, { code: 'BAD_USER_INPUT' }],
    ['a username that is a number', { username: 7 }, { code: 'BAD_USER_INPUT' }],
    ['a field that does not exist', { admin: true }, { code: 'BAD_USER_INPUT' }],
  ])('signUp with %s', (_what, input, refusal) => expectRefusal(account(input), refusal));

  test.each([
    ['the wrong password', 'ann', 'wrong password'],
    ['an empty password', 'ann', ''],
    ['a password with NUL', 'ann', `${PASSWORD}\u0000`],
    ['a username that nobody has', 'nobody', PASSWORD],
    ['an empty username', '', PASSWORD],
    ['a username with NUL', 'ann\u0000', PASSWORD],
    ['a username that would be SQL', "ann' OR '1'='1", PASSWORD],
  ])('signIn with %s', (_what, username, password) =>
    expectRefusal({ query: SIGN_IN, variables: { input: { username, password } } }, { code: 'INVALID_CREDENTIALS' }),
  );

  test.each<[string, object, Refusal]>([
    ['an empty nickname', { nickname: '' }, bad('nickname', 1)],
    ['a long nickname', { nickname: x(65) }, bad('nickname', 64)],
    ['no nickname at all', { nickname: null }, bad('nickname')],
    ['a control character', { nickname: 'A\u0007nn' }, bad('nickname')],
    ['an avatar that is data', { avatarUrl: 'data:image/png;base64,AA==' }, bad('avatarUrl')],
    ['a policy that does not exist', { friendPolicy: 'SOMETIMES' }, { code: 'BAD_USER_INPUT' }],
  ])('updateProfile with %s', (_what, input, refusal) =>
    expectRefusal({ query: UPDATE_PROFILE, variables: { input }, token: ann.token }, refusal),
  );
});

describe('friends', () => {
  const as = (person: Person, query: string, input: object) => ({ query, variables: { input }, token: person.token });

  test.each<[string, () => Operation, Refusal]>([
    ['befriending oneself', () => as(ann, ADD_FRIEND, { userId: ann.id }), { code: 'CANNOT_BEFRIEND_SELF' }],
    ['befriending nobody', () => as(ann, ADD_FRIEND, { userId: randomUUID() }), { code: 'USER_NOT_FOUND' }],
    ['befriending who takes no requests', () => as(ann, ADD_FRIEND, { userId: carl.id }), { code: 'NOT_ALLOWED' }],
    ['befriending a malformed id', () => as(ann, ADD_FRIEND, { userId: 'bob' }), bad('userId')],
    ['befriending an empty id', () => as(ann, ADD_FRIEND, { userId: '' }), bad('userId')],
    ['befriending an id with NUL', () => as(ann, ADD_FRIEND, { userId: `${bob.id}\u0000` }), bad('userId')],
    ['befriending an id with a line', () => as(ann, ADD_FRIEND, { userId: `${bob.id}\n` }), bad('userId')],
    ['a long message', () => as(ann, ADD_FRIEND, { userId: dora.id, message: x(201) }), bad('message', 200)],
    ['a message with a bell', () => as(ann, ADD_FRIEND, { userId: dora.id, message: 'hi\u0007' }), bad('message')],
    ['a message with half an emoji', () => as(ann, ADD_FRIEND, { userId: dora.id, message: '\ud83d' }), bad('message')],
    ['a long remark with it', () => as(ann, ADD_FRIEND, { userId: dora.id, remark: x(65) }), bad('remark', 64)],
    ['accepting nothing', () => as(ann, ACCEPT_REQUEST, { requestId: '' }), bad('requestId')],
    [
      'accepting what does not exist',
      () => as(ann, ACCEPT_REQUEST, { requestId: randomUUID() }),
      { code: 'REQUEST_NOT_FOUND' },
    ],
    [
      'accepting what was sent to another',
      () => as(dora, ACCEPT_REQUEST, { requestId: evesRequestId }),
      { code: 'REQUEST_NOT_FOUND' },
    ],
    [
      'accepting one’s own request',
      () => as(eve, ACCEPT_REQUEST, { requestId: evesRequestId }),
      { code: 'REQUEST_NOT_FOUND' },
    ],
    [
      'accepting with a long remark',
      () => as(ann, ACCEPT_REQUEST, { requestId: evesRequestId, remark: x(65) }),
      bad('remark', 64),
    ],
    [
      'a remark about a stranger',
      () => as(ann, UPDATE_FRIEND, { userId: dora.id, remark: 'who?' }),
      { code: 'NOT_FRIENDS' },
    ],
    [
      'a remark about who has only asked',
      () => as(ann, UPDATE_FRIEND, { userId: eve.id, remark: 'who?' }),
      { code: 'NOT_FRIENDS' },
    ],
    ['a remark about oneself', () => as(ann, UPDATE_FRIEND, { userId: ann.id, remark: 'me' }), { code: 'NOT_FRIENDS' }],
    [
      'a remark about nobody',
      () => as(ann, UPDATE_FRIEND, { userId: randomUUID(), remark: 'who?' }),
      { code: 'USER_NOT_FOUND' },
    ],
    ['a remark about a malformed id', () => as(ann, UPDATE_FRIEND, { userId: '{}', remark: 'who?' }), bad('userId')],
    ['a long remark', () => as(ann, UPDATE_FRIEND, { userId: bob.id, remark: x(65) }), bad('remark', 64)],
    ['a remark with NUL', () => as(ann, UPDATE_FRIEND, { userId: bob.id, remark: 'Bo\u0000b' }), bad('remark')],
    ['a remark over two lines', () => as(ann, UPDATE_FRIEND, { userId: bob.id, remark: 'Bo\nb' }), bad('remark')],
    ['a remark with half an emoji', () => as(ann, UPDATE_FRIEND, { userId: bob.id, remark: 'B\ud83d' }), bad('remark')],
    [
      'eleven tags',
      () => as(ann, UPDATE_FRIEND, { userId: bob.id, tags: Array.from({ length: 11 }, (_, n) => `t${n}`) }),
      bad('tags', 10),
    ],
    ['a long tag', () => as(ann, UPDATE_FRIEND, { userId: bob.id, tags: [x(33)] }), bad('tags', 32)],
    ['a tag with a tab', () => as(ann, UPDATE_FRIEND, { userId: bob.id, tags: ['a\tb'] }), bad('tags')],
    ['a tag that is null', () => as(ann, UPDATE_FRIEND, { userId: bob.id, tags: [null] }), { code: 'BAD_USER_INPUT' }],
    ['removing a malformed id', () => as(ann, REMOVE_FRIEND, { userId: '0' }), bad('userId')],
    ['removing nobody', () => as(ann, REMOVE_FRIEND, { userId: randomUUID() }), { code: 'USER_NOT_FOUND' }],
  ])('%s', (_what, operation, refusal) => expectRefusal(operation(), refusal));

  test('befriending twice, or a friend, changes nothing and answers the same', async () => {
    const evesRequest = await addFriend(eve, ann.id);
    expect(evesRequest).toMatchObject({ friend: null, request: { id: evesRequestId } });
    const { friend, request } = await addFriend(ann, bob.id.toUpperCase());
    expect({ friend: friend.user.id, request }).toEqual({ friend: bob.id, request: null });
    expect(await state()).toEqual(stateBefore);
  });

  test('removing a stranger changes nothing, and says so', async () => {
    const { data } = await ask(gatewayUrl, as(ann, REMOVE_FRIEND, { userId: dora.id }));
    expect(data.removeFriend.changed).toBe(false);
    expect(await state()).toEqual(stateBefore);
  });
});

describe('pages', () => {
  const pageOf = (args: string) => () => ({ query: `{ me { friends(${args}) { totalCount } } }`, token: ann.token });
  const cursor = (text: string) => Buffer.from(text).toString('base64url');

  test.each<[string, () => Operation, Refusal]>([
    ['first 0', pageOf('first: 0'), bad('first', 1)],
    ['first -1', pageOf('first: -1'), bad('first', 1)],
    ['first 101', pageOf('first: 101'), bad('first', 100)],
    ['first beyond an Int', pageOf('first: 10000000000'), { code: 'BAD_USER_INPUT' }],
    ['a forged cursor', pageOf('after: "forged"'), { code: 'BAD_USER_INPUT' }],
    ['a cursor of another make', pageOf(`after: "${cursor('1:2:3')}"`), { code: 'BAD_USER_INPUT' }],
    ['a cursor with NULs', pageOf(`after: "${cursor('n1\0\0\0')}"`), { code: 'BAD_USER_INPUT' }],
    ['a cursor of 10,000 characters', pageOf(`after: "${x(10_000)}"`), { code: 'BAD_USER_INPUT' }],
    ['an order that does not exist', pageOf('orderBy: OLDEST'), { code: 'BAD_USER_INPUT' }],
    [
      'a search for nobody at all',
      () => ({ query: '{ searchUsers(text: "") { edges { cursor } } }', token: ann.token }),
      bad('text', 1),
    ],
    [
      'a long search',
      () => ({ query: `{ searchUsers(text: "${x(65)}") { edges { cursor } } }`, token: ann.token }),
      bad('text', 64),
    ],
    [
      'a search with first 101',
      () => ({ query: '{ searchUsers(text: "a", first: 101) { edges { cursor } } }', token: ann.token }),
      bad('first', 100),
    ],
    [
      'a search with a forged cursor',
      () => ({ query: '{ searchUsers(text: "a", after: "forged") { edges { cursor } } }', token: ann.token }),
      { code: 'BAD_USER_INPUT' },
    ],
    [
      'changes with first 0',
      () => ({ query: '{ friendListChanges(first: 0) { cursor } }', token: ann.token }),
      bad('first', 1),
    ],
    [
      'changes with first 501',
      () => ({ query: '{ friendListChanges(first: 501) { cursor } }', token: ann.token }),
      bad('first', 500),
    ],
    ['a malformed id of a user', () => ({ query: '{ user(id: "ann") { id } }', token: ann.token }), bad('id')],
    [
      'a malformed id of a friend',
      () => ({ query: '{ friend(userId: "bob") { remark } }', token: ann.token }),
      bad('userId'),
    ],
    ['a syntax error', () => ({ query: '{ me {', token: ann.token }), { code: 'BAD_USER_INPUT' }],
    [
      'a field that does not exist',
      () => ({ query: '{ me { passwordHash } }', token: ann.token }),
      { code: 'BAD_USER_INPUT' },
    ],
    [
      'what only services may ask',
      () => ({ query: '{ profiles(ids: []) { username } }', token: ann.token }),
      { code: 'BAD_USER_INPUT' },
    ],
    ['an empty document', () => ({ query: '', token: ann.token }), { code: 'BAD_USER_INPUT' }],
  ])('%s', (_what, operation, refusal) => expectRefusal(operation(), refusal));

  test('a cursor of one order is none of the other', async () => {
    const { data } = await ask(gatewayUrl, {
      query: '{ me { friends { edges { cursor } } } }',
      token: ann.token,
    });
    const [{ cursor: byName }] = data.me.friends.edges;
    await expectRefusal(pageOf(`after: "${byName}", orderBy: NEWEST`)(), { code: 'BAD_USER_INPUT' });
  });

  test.each(['friends { totalCount }', 'friendPolicy'])('%s of somebody else is FORBIDDEN', (field) =>
    expectRefusal({ query: `{ user(id: "${bob.id}") { ${field} } }`, token: ann.token }, { code: 'FORBIDDEN' }),
  );

  test('a forged cursor of changes brings a snapshot that says so', async () => {
    const { listCursor } = await readPage(bob);
    for (const after of ['forged', listCursor, cursor('1:a:b:3:c'), x(10_000)]) {
      const { data } = await ask(gatewayUrl, {
        query:
          'query ($after: String) { friendListChanges(after: $after) { changes { __typename ... on FriendListSnapshot { reason } } } }',
        variables: { after },
        token: ann.token,
      });
      expect(data.friendListChanges.changes).toEqual([{ __typename: 'FriendListSnapshot', reason: 'CURSOR_INVALID' }]);
    }
  });
});

describe('tokens', () => {
  const tokens: [string, () => string][] = [
    ['that has expired', () => forge.expiringIn(ann.id, -60)],
    ['that is signed by somebody else', () => forge.foreign(ann.id)],
    ['that is not signed', () => forge.unsigned(ann.id)],
    ['without an expiry', () => forge.token(ann.id, { exp: undefined })],
    ['without a session', () => forge.token(ann.id, { sid: undefined })],
    ['for another audience', () => forge.token(ann.id, { aud: 'elsewhere' })],
    ['of another issuer', () => forge.token(ann.id, { iss: 'elsewhere' })],
    ['that is no token', () => 'nonsense'],
    ['that is empty', () => ''],
    [
      'with a changed subject',
      () => {
        const [header, , signature] = forge.token(ann.id).split('.');
        return [header, forge.token(bob.id).split('.')[1], signature].join('.');
      },
    ],
  ];

  test.each(tokens)('over HTTP a token %s is UNAUTHENTICATED', async (_what, token) => {
    await expectRefusal({ query: '{ me { id } }', token: token() }, { code: 'UNAUTHENTICATED' });
    await expectRefusal(
      { query: UPDATE_FRIEND, variables: { input: { userId: bob.id, remark: 'x' } }, token: token() },
      { code: 'UNAUTHENTICATED' },
    );
  });

  test.each(tokens)('over WebSocket a token %s closes the socket with 4403', async (_what, token) => {
    const { ended } = subscribeOverWebSocket({ gatewayUrl, token: token(), after: null, onChange: () => undefined });
    expect(await ended).toMatchObject({ how: 'closed', code: 4403 });
  });

  test.each(tokens)('over SSE a token %s is refused', async (_what, token) => {
    const { ended } = subscribeOverSse({ gatewayUrl, token: token(), after: null, onChange: () => undefined });
    expect(await ended).toMatchObject({ how: 'refused', errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  test('without one nobody is signed in', async () => {
    const { data } = await ask(gatewayUrl, { query: '{ me { id } }' });
    expect(data).toEqual({ me: null });
    const needsOne = [
      { query: '{ searchUsers(text: "a") { edges { cursor } } }' },
      { query: '{ friendListChanges { cursor } }' },
      { query: `{ user(id: "${ann.id}") { nickname } }` },
      { query: ADD_FRIEND, variables: { input: { userId: ann.id } } },
      { query: UPDATE_PROFILE, variables: { input: { nickname: 'Nobody' } } },
    ];
    for (const operation of needsOne) await expectRefusal(operation, { code: 'UNAUTHENTICATED' });
    for (const subscribe of [subscribeOverWebSocket, subscribeOverSse]) {
      const subscription = subscribe({ gatewayUrl, token: undefined, after: null, onChange: () => undefined });
      expect(await subscription.ended).toMatchObject({
        how: 'refused',
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
      subscription.stop();
    }
  });

  test('of somebody who does not exist makes no friends', async () => {
    const token = forge.token(randomUUID());
    const { data, errors } = await ask(gatewayUrl, { query: '{ me { id nickname friends { totalCount } } }', token });
    expect([data, errors]).toEqual([{ me: null }, []]);
    const operation = { query: ADD_FRIEND, variables: { input: { userId: ann.id } }, token };
    await expectRefusal(operation, { code: 'UNAUTHENTICATED' });
  });

  test('that expires closes its socket with 4403, and a fresh one with the cursor goes on', async () => {
    const short = followFriendList({ gatewayUrls: [gatewayUrl], token: forge.expiringIn(ann.id, 2), reconnect: false });
    await eventually('the snapshot', () => short.list.snapshots.length === 1);
    await eventually('the end', () => short.endings.length === 1);
    expect(short.endings[0]).toMatchObject({ how: 'closed', code: 4403 });
    const fresh = followFriendList({ gatewayUrls: [gatewayUrl], token: ann.token, after: short.list.cursor });
    await eventually('it is live', async () => (await subscribersOf(gatewayUrl)) === 1);
    expect(fresh.list.snapshots).toEqual([]);
    expect(fresh.list.problems).toEqual([]);
    await fresh.stop();
  });
});

async function subscribersOf(gateway: string): Promise<number> {
  const metrics = await (await fetch(`${gateway}/metrics`)).text();
  return Number(/^kith_live_subscribers (\d+)/m.exec(metrics)?.[1]);
}

describe('requests over HTTP', () => {
  const remark = `mutation { updateFriend(input: { userId: "%s", remark: "by a form" }) { listCursor } }`;
  const query = () => remark.replace('%s', bob.id);
  const send = async (init: RequestInit & { headers?: Record<string, string> }, search = '') => {
    const headers = { authorization: `Bearer ${ann.token}`, accept: 'application/json', ...init.headers };
    const response = await fetch(`${gatewayUrl}/graphql${search}`, { ...init, headers });
    const text = await response.text();
    expect(await state()).toEqual(stateBefore);
    return { status: response.status, text };
  };
  const json = { 'content-type': 'application/json' };
  const code = (text: string) => JSON.parse(text).errors[0].extensions.code;

  test.each<[string, Record<string, string>, () => string]>([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, () => `query=${encodeURIComponent(query())}`],
    ['plain text', { 'content-type': 'text/plain' }, () => JSON.stringify({ query: query() })],
    [
      'multipart',
      { 'content-type': 'multipart/form-data; boundary=b' },
      () =>
        `--b\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: query() })}\r\n--b--\r\n`,
    ],
    ['a bare document', { 'content-type': 'application/graphql' }, () => query()],
    ['no type at all', { 'content-type': '' }, () => JSON.stringify({ query: query() })],
  ])('%s is not taken (415)', async (_what, headers, body) => {
    const { status, text } = await send({ method: 'POST', headers, body: new Blob([body()]) });
    expect([status, code(text)]).toEqual([415, 'BAD_USER_INPUT']);
  });

  test('a mutation by GET is not run (405)', async () => {
    const { status, text } = await send({ method: 'GET' }, `?query=${encodeURIComponent(query())}`);
    expect([status, code(text)]).toEqual([405, 'BAD_USER_INPUT']);
  });

  test('a query by GET is', async () => {
    const { status, text } = await send({ method: 'GET' }, `?query=${encodeURIComponent('{ me { username } }')}`);
    expect([status, JSON.parse(text)]).toEqual([200, { data: { me: { username: 'ann' } } }]);
  });

  test('a batch is not taken (400)', async () => {
    const body = JSON.stringify([{ query: query() }, { query: query() }]);
    const { status, text } = await send({ method: 'POST', headers: json, body });
    expect([status, code(text)]).toEqual([400, 'BAD_USER_INPUT']);
  });

  test.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ['no JSON', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['a text', '"query"'],
    ['no query', '{"operationName":"x"}'],
    ['a query that is a number', '{"query":7}'],
    ['variables that are a text', '{"query":"{ me { id } }","variables":"none"}'],
    ['bytes that are no UTF-8', Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)],
  ])('a body of %s is refused', async (_what, body) => {
    const { status, text } = await send({ method: 'POST', headers: json, body: new Blob([body]) });
    expect([status, code(text)]).toEqual([400, 'BAD_USER_INPUT']);
  });

  test('300 KB are too many (413), whether announced or not', async () => {
    const body = JSON.stringify({ query: query(), variables: { padding: x(300 * 1024) } });
    const announced = await send({ method: 'POST', headers: json, body });
    expect([announced.status, code(announced.text)]).toEqual([413, 'BAD_USER_INPUT']);
    const chunks = new Blob([body]).stream();
    const chunked = await send({ method: 'POST', headers: json, body: chunks, duplex: 'half' } as RequestInit & {
      headers: Record<string, string>;
    });
    expect([chunked.status, code(chunked.text)]).toEqual([413, 'BAD_USER_INPUT']);
  });
});

describe('past the gateway', () => {
  const services = ['user', 'friend'] as const;
  const post = (url: string, headers: Record<string, string>, body: object) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const queries = [
    '{ _service { sdl } }',
    '{ __typename }',
    'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }',
  ];

  test.each(services)('the %s service answers 401 to whoever lacks the key', async (service) => {
    for (const query of queries) {
      const body = { query, variables: { r: [{ __typename: 'User', id: ann.id }] } };
      for (const headers of [
        {},
        { authorization: `Bearer ${ann.token}` },
        { 'x-kith-gateway-key': 'wrong' },
        { 'x-kith-gateway-key': '' },
      ]) {
        const response = await post(`${system[service].url}/graphql`, headers as Record<string, string>, body);
        expect(response.status).toBe(401);
        expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      }
    }
  });

  test.each(services)('the %s service believes no bad token, not even from the gateway', async (service) => {
    const headers = { 'x-kith-gateway-key': system.gatewayKey, authorization: `Bearer ${forge.foreign(ann.id)}` };
    expect((await post(`${system[service].url}/graphql`, headers, { query: '{ __typename }' })).status).toBe(401);
  });

  test.each(services)('the %s service shows the operator’s endpoints to the operator alone', async (service) => {
    for (const path of ['/operator/status', '/operator/reconcile']) {
      for (const key of ['', 'wrong', ann.token, system.gatewayKey]) {
        const response = await fetch(`${system[service].url}${path}`, { headers: { authorization: `Bearer ${key}` } });
        expect(response.status).toBe(401);
      }
      const headers = { authorization: `Bearer ${system.operatorKey}` };
      expect((await fetch(`${system[service].url}${path}`, { headers })).status).toBe(200);
    }
    expect(await state()).toEqual(stateBefore);
  });
});
