// Longer than other files: one table of whom and what the subgraph refuses, over one service.

import { WHO_BLOCKS_PATH } from '@kith/event-contracts';
import { GATEWAY_KEY_HEADER } from '@kith/service-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Answer,
  type Ask,
  codesOf,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';

const NOBODY = '01980000-0000-7000-8000-000000000000';

let service: TestFriendService;
let ann: string;
let bob: string;
let asAnn: Ask;
let asBob: Ask;
beforeAll(async () => {
  service = await startFriendServiceForTest({ FRIENDS_PER_LIST: 2, OPEN_REQUESTS_PER_USER: 3 });
  ann = await service.users.signUp({ nickname: 'Ann' });
  bob = await service.users.signUp({ nickname: 'Bob' });
  [asAnn, asBob] = await Promise.all([service.as(ann), service.as(bob)]);
});
afterAll(() => service?.stop());

const add = (ask: Ask, userId: string, more: object = {}) =>
  ask(
    'mutation ($input: AddFriendInput!) { addFriend(input: $input) { friend { remark } request { id } listCursor } }',
    {
      variables: { input: { userId, ...more } },
    },
  );
const update = (ask: Ask, userId: string, more: object) =>
  ask('mutation ($input: UpdateFriendInput!) { updateFriend(input: $input) { friend { remark tags } } }', {
    variables: { input: { userId, ...more } },
  });
const friendsOf = (ask: Ask, userId: string, args: string) =>
  ask(
    `query ($of: _Any!) { _entities(representations: [$of]) { ... on User { friends(${args}) { totalCount edges { cursor } } } } }`,
    { variables: { of: { __typename: 'User', id: userId } } },
  );

function refusal(answer: Answer): Record<string, unknown> {
  expect(answer.errors).toHaveLength(1);
  return answer.errors![0]!.extensions;
}

describe('who asks', () => {
  const query = { query: '{ friend(userId: "x") { remark } }' };

  test('needs the gateway’s key, whatever else they have', async () => {
    for (const key of ['', 'wrong']) {
      const answer = await asAnn(query.query, { headers: { 'x-kith-gateway-key': key } });
      expect([answer.status, codesOf(answer)]).toEqual([401, ['UNAUTHENTICATED']]);
    }
  });

  test('needs a token', async () => {
    expect(codesOf(await service.ask(query.query))).toEqual(['UNAUTHENTICATED']);
    expect(codesOf(await add(service.ask, bob))).toEqual(['UNAUTHENTICATED']);
    expect(codesOf(await friendsOf(service.ask, ann, 'first: 1'))).toEqual(['UNAUTHENTICATED']);
    expect(codesOf(await service.ask('{ friendListChanges { cursor } }'))).toEqual(['UNAUTHENTICATED']);
  });

  test.each([
    ['expired', { expiresInS: -60 }],
    ['foreign', { forged: true }],
    ['for another audience', { audience: 'elsewhere' }],
    ['of another issuer', { issuer: 'elsewhere' }],
    ['without a session', { sessionId: null }],
  ])('cannot come with a token that is %s', async (_, claims) => {
    const authorization = `Bearer ${await service.users.tokenOf(ann, claims)}`;
    const answer = await service.ask('{ friendListChanges { cursor } }', { headers: { authorization } });
    expect([answer.status, codesOf(answer)]).toEqual([401, ['UNAUTHENTICATED']]);
  });

  test.each(['Basic abc', 'Bearer', 'Bearer nonsense', 'Bearer a.b.c'])(
    'cannot come with "%s"',
    async (authorization) => {
      const answer = await service.ask('{ friendListChanges { cursor } }', { headers: { authorization } });
      expect([answer.status, codesOf(answer)]).toEqual([401, ['UNAUTHENTICATED']]);
    },
  );

  test('with the token of an account that is gone is told so when they change something', async () => {
    const gone = await service.as(NOBODY);
    expect(codesOf(await add(gone, bob))).toEqual(['UNAUTHENTICATED']);
  });

  test.each([
    'friends { totalCount }',
    'friendRequests { totalCount }',
    'blockedUsers { edges { cursor } }',
    'suggestedFriends { mutualFriendCount }',
  ])('reads nobody’s %s but their own', async (field) => {
    const query = `query ($of: _Any!) { _entities(representations: [$of]) { ... on User { ${field} } } }`;
    const of = (id: string) => ({ variables: { of: { __typename: 'User', id } } });
    expect(codesOf(await asAnn(query, of(bob)))).toEqual(['FORBIDDEN']);
    expect(codesOf(await service.ask(query, of(bob)))).toEqual(['UNAUTHENTICATED']);
    expect((await asAnn(query, of(ann))).errors).toBeUndefined();
  });

  test.each(['relation', 'mutualFriends { edges { cursor } }'])('may read anybody’s %s, signed in', async (field) => {
    const query = `query ($of: _Any!) { _entities(representations: [$of]) { ... on User { ${field} } } }`;
    const variables = { of: { __typename: 'User', id: bob } };
    expect((await asAnn(query, { variables })).errors).toBeUndefined();
    expect(codesOf(await service.ask(query, { variables }))).toEqual(['UNAUTHENTICATED']);
  });
});

describe('ids', () => {
  const malformed = ['', '7', 'me', `${NOBODY}0`, "' OR 1=1 --", 'a'.repeat(100_000), '\u0000', '👩'];

  test('that are none name their field, in every operation', async () => {
    for (const id of malformed) {
      const variables = { id };
      const operations: [string, string][] = [
        ['userId', 'query ($id: ID!) { friend(userId: $id) { remark } }'],
        ['userId', 'mutation ($id: ID!) { addFriend(input: { userId: $id }) { listCursor } }'],
        ['userId', 'mutation ($id: ID!) { updateFriend(input: { userId: $id }) { listCursor } }'],
        ['userId', 'mutation ($id: ID!) { removeFriend(input: { userId: $id }) { listCursor } }'],
        ['userId', 'mutation ($id: ID!) { blockUser(input: { userId: $id }) { listCursor } }'],
        ['userId', 'mutation ($id: ID!) { unblockUser(input: { userId: $id }) { listCursor } }'],
        ['requestId', 'mutation ($id: ID!) { acceptFriendRequest(input: { requestId: $id }) { listCursor } }'],
        ['requestId', 'mutation ($id: ID!) { declineFriendRequest(input: { requestId: $id }) { listCursor } }'],
        ['requestId', 'mutation ($id: ID!) { cancelFriendRequest(input: { requestId: $id }) { listCursor } }'],
      ];
      for (const [field, operation] of operations) {
        expect(refusal(await asAnn(operation, { variables }))).toEqual({ code: 'BAD_USER_INPUT', field });
      }
    }
  });

  test('may be written in capitals', async () => {
    const answer = await add(asAnn, bob.toUpperCase());
    expect(answer.errors).toBeUndefined();
    await asAnn('mutation ($id: ID!) { removeFriend(input: { userId: $id }) { changed } }', { variables: { id: bob } });
  });

  test('of nobody are USER_NOT_FOUND, or no friend, or no request', async () => {
    const variables = { id: NOBODY };
    for (const operation of ['addFriend', 'updateFriend', 'removeFriend', 'blockUser', 'unblockUser']) {
      const answer = await asAnn(`mutation ($id: ID!) { ${operation}(input: { userId: $id }) { listCursor } }`, {
        variables,
      });
      expect(refusal(answer)).toEqual({ code: 'USER_NOT_FOUND', field: 'userId' });
    }
    for (const operation of ['acceptFriendRequest', 'declineFriendRequest', 'cancelFriendRequest']) {
      const answer = await asAnn(`mutation ($id: ID!) { ${operation}(input: { requestId: $id }) { listCursor } }`, {
        variables,
      });
      expect(codesOf(answer)).toEqual(['REQUEST_NOT_FOUND']);
    }
    expect((await asAnn('query ($id: ID!) { friend(userId: $id) { remark } }', { variables })).data).toEqual({
      friend: null,
    });
  });
});

describe('text', () => {
  test.each([
    ['remark', 'x'.repeat(65), { limit: 64 }],
    ['remark', '🦊'.repeat(65), { limit: 64 }],
    ['remark', 'a\u0000b', {}],
    ['remark', 'a\nb', {}],
    ['remark', 'a\ud800b', {}],
    ['message', 'x'.repeat(201), { limit: 200 }],
    ['message', 'tab\tin it', {}],
  ])('of a %s that is none is refused', async (field, text, limit) => {
    expect(refusal(await add(asAnn, bob, { [field]: text }))).toEqual({ code: 'BAD_USER_INPUT', field, ...limit });
  });

  test.each([
    [['x'.repeat(33)], { limit: 32 }],
    [Array.from({ length: 11 }, (_, n) => `tag ${n}`), { limit: 10 }],
    [['a\u0000b'], {}],
  ])('of tags that are none is refused, also for a stranger', async (tags, limit) => {
    expect(refusal(await update(asAnn, bob, { tags }))).toEqual({ code: 'BAD_USER_INPUT', field: 'tags', ...limit });
  });

  test('keeps its emoji, and the longest allowed one', async () => {
    const remark = '👩‍🚀'.repeat(21);
    expect((await add(asAnn, bob, { remark })).data.addFriend.friend).toEqual({ remark });
    const { data } = await update(asAnn, bob, { remark: ' 🦊 ', tags: ['🦊'.repeat(32), ''] });
    expect(data.updateFriend.friend).toEqual({ remark: '🦊', tags: ['🦊'.repeat(32)] });
    await asAnn('mutation ($id: ID!) { removeFriend(input: { userId: $id }) { changed } }', { variables: { id: bob } });
  });

  test.each([
    ['a number', 5],
    ['a list', ['a', 'b']],
    ['an object', {}],
  ])('that is %s is bad input', async (_, remark) => {
    expect(codesOf(await add(asAnn, bob, { remark }))).toEqual(['BAD_USER_INPUT']);
  });
});

describe('pages', () => {
  test.each([
    [0, 1],
    [-1, 1],
    [101, 100],
    [2_147_483_647, 100],
  ])('of %d are refused with the bound', async (first, limit) => {
    expect(refusal(await friendsOf(asAnn, ann, `first: ${first}`))).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'first',
      limit,
    });
  });

  test('of more than an Int, or of something else, are bad input', async () => {
    for (const first of [2_147_483_648, 1.5, '10', true]) {
      const answer = await asAnn('query ($first: Int) { friendListChanges(first: $first) { cursor } }', {
        variables: { first },
      });
      expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    }
  });

  test('of list changes have their own bound', async () => {
    expect(refusal(await asAnn('{ friendListChanges(first: 501) { cursor } }'))).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'first',
      limit: 500,
    });
    expect((await asAnn('{ friendListChanges(first: 500) { cursor } }')).errors).toBeUndefined();
  });

  const base64 = (text: string) => Buffer.from(text).toString('base64url');
  test.each([
    ['empty', ''],
    ['nonsense', 'nonsense'],
    ['without an id', base64('n1a')],
    ['with a control character', base64('n1a\u0000\u0001')],
    ['of another order', base64(`t${'0'.repeat(17)}\u0000${NOBODY}`)],
    ['far too long', 'A'.repeat(5_000)],
  ])('after a cursor that is %s are refused', async (_, after) => {
    const answer = await friendsOf(asAnn, ann, `after: ${JSON.stringify(after)}`);
    expect(refusal(answer)).toEqual({ code: 'BAD_USER_INPUT', field: 'after' });
  });

  test.each(['friendRequests', 'blockedUsers', 'mutualFriends', 'suggestedFriends'])(
    'of %s have the same bounds',
    async (field) => {
      const selection = field === 'suggestedFriends' ? 'user { id }' : 'edges { cursor }';
      const query = `query ($of: _Any!, $first: Int) { _entities(representations: [$of]) { ... on User { ${field}(first: $first) { ${selection} } } } }`;
      for (const [first, limit] of [
        [0, 1],
        [101, 100],
      ]) {
        const answer = await asAnn(query, { variables: { of: { __typename: 'User', id: ann }, first } });
        expect(refusal(answer)).toEqual({ code: 'BAD_USER_INPUT', field: 'first', limit });
      }
    },
  );

  test('filtered by far too much text are refused', async () => {
    for (const [field, limit] of [
      ['text', 64],
      ['tag', 32],
    ] as const) {
      const answer = await friendsOf(asAnn, ann, `${field}: "${'x'.repeat(limit + 1)}"`);
      expect(refusal(answer)).toEqual({ code: 'BAD_USER_INPUT', field, limit });
    }
    for (const text of ['', '  ', '\u0000', '%', '\\']) {
      expect((await friendsOf(asAnn, ann, `text: ${JSON.stringify(text)}`)).errors).toBeUndefined();
    }
  });
});

describe('rules', () => {
  test('oneself', async () => {
    expect(refusal(await add(asAnn, ann))).toEqual({ code: 'CANNOT_BEFRIEND_SELF', field: 'userId' });
    expect(codesOf(await update(asAnn, ann, { remark: 'me' }))).toEqual(['NOT_FRIENDS']);
    const block = await asAnn('mutation ($id: ID!) { blockUser(input: { userId: $id }) { changed } }', {
      variables: { id: ann },
    });
    expect(refusal(block)).toEqual({ code: 'BAD_USER_INPUT', field: 'userId' });
  });

  test('a stranger’s remark', async () => {
    expect(codesOf(await update(asAnn, bob, { remark: 'x' }))).toEqual(['NOT_FRIENDS']);
  });

  test('twice is the same answer, with nothing changed', async () => {
    const first = await add(asAnn, bob, { remark: 'Bobby' });
    const second = await add(asAnn, bob, { remark: 'another' });
    expect(first.errors).toBeUndefined();
    expect(second.data).toEqual(first.data);
    const remove = () =>
      asAnn('mutation ($id: ID!) { removeFriend(input: { userId: $id }) { changed listCursor } }', {
        variables: { id: bob },
      });
    const { listCursor } = (await remove()).data.removeFriend;
    expect((await remove()).data.removeFriend).toEqual({ changed: false, listCursor });
  });

  test('a closed policy and a block cannot be told apart', async () => {
    const closed = await service.users.signUp({ friendPolicy: 'CLOSED' });
    const blocking = await service.users.signUp({ friendPolicy: 'OPEN' });
    const asBlocking = await service.as(blocking);
    await asBlocking('mutation ($id: ID!) { blockUser(input: { userId: $id }) { changed } }', {
      variables: { id: ann },
    });
    const [one, two] = [await add(asAnn, closed), await add(asAnn, blocking)];
    expect(codesOf(one)).toEqual(['NOT_ALLOWED']);
    expect(two).toEqual(one);
  });

  test('a full list, and too many open requests', async () => {
    const [popular, careful] = await Promise.all([
      service.users.signUp({ friendPolicy: 'OPEN' }),
      service.users.signUp({ friendPolicy: 'APPROVAL' }),
    ]);
    const fans = await Promise.all(Array.from({ length: 4 }, async () => service.as(await service.users.signUp())));
    const befriended = [];
    for (const fan of fans) befriended.push(await add(fan, popular));
    expect(befriended.flatMap(codesOf)).toEqual(['FRIEND_LIMIT_REACHED', 'FRIEND_LIMIT_REACHED']);
    expect(refusal(befriended[3]!)).toEqual({ code: 'FRIEND_LIMIT_REACHED', limit: 2 });
    const asked = [];
    for (const fan of fans) asked.push(await add(fan, careful));
    expect(refusal(asked[3]!)).toMatchObject({ code: 'RATE_LIMITED', limit: 3, retryAfterMs: expect.any(Number) });
  });

  test('asking again soon after a no, and a request that is closed or somebody else’s', async () => {
    const careful = await service.users.signUp({ friendPolicy: 'APPROVAL' });
    const asCareful = await service.as(careful);
    const { id } = (await add(asAnn, careful)).data.addFriend.request;
    const close = (ask: Ask, how: string) =>
      ask(`mutation ($id: ID!) { ${how}(input: { requestId: $id }) { listCursor } }`, { variables: { id } });
    for (const how of ['acceptFriendRequest', 'declineFriendRequest', 'cancelFriendRequest']) {
      expect(codesOf(await close(asBob, how))).toEqual(['REQUEST_NOT_FOUND']);
    }
    expect(codesOf(await close(asAnn, 'acceptFriendRequest'))).toEqual(['REQUEST_NOT_FOUND']);
    const declined = await close(asCareful, 'declineFriendRequest');
    expect(await close(asCareful, 'declineFriendRequest')).toEqual(declined);
    expect(codesOf(await close(asCareful, 'acceptFriendRequest'))).toEqual(['REQUEST_NOT_FOUND']);
    const again = refusal(await add(asAnn, careful));
    expect(again).toMatchObject({ code: 'RATE_LIMITED' });
    const weekMs = 7 * 24 * 60 * 60 * 1000;
    expect(again.retryAfterMs).toBeGreaterThan(weekMs - 60_000);
    expect(again.retryAfterMs).toBeLessThanOrEqual(weekMs);
  });
});

describe('what is not GraphQL', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-kith-gateway-key': service.gatewayKey, ...headers },
      body,
    });

  test('is bad input', async () => {
    expect((await post('{"query":', {})).status).toBe(400);
    expect((await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(400);
  });

  test('a profile that only the user service has waits for the user service', async () => {
    const unheardOf = await service.users.signUp({}, { heardOf: false });
    expect((await add(await service.as(unheardOf), bob)).errors).toBeUndefined();
  });
});

describe('who blocks a viewer', () => {
  const whoBlocks = async (body: unknown, gatewayKey: string) => {
    const response = await fetch(`${service.url}${WHO_BLOCKS_PATH}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [GATEWAY_KEY_HEADER]: gatewayKey },
      body: JSON.stringify(body),
    });
    const { errors, ...answer } = (await response.json()) as { errors?: Answer['errors'] };
    return { status: response.status, ...answer };
  };

  test('is told to services, and to nobody without the gateway’s key', async () => {
    const asked = { viewerId: ann, userIds: [bob] };
    expect(await whoBlocks(asked, service.gatewayKey)).toEqual({ status: 200, blockers: [] });
    expect((await whoBlocks(asked, 'the key of somebody else')).status).toBe(401);
  });

  test.each([{}, { viewerId: 'ann', userIds: [] }, { viewerId: NOBODY, userIds: ['x'] }, [], 'nonsense', null])(
    'is not to be asked with %j',
    async (body) => {
      expect((await whoBlocks(body, service.gatewayKey)).status).toBe(400);
    },
  );
});
