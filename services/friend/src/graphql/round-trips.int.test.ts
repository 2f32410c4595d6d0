import { eventually } from '@kith/local-servers';
import { currentTraceparent, newTraceparent, traceIdOf } from '@kith/service-kit';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import {
  type Ask,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';

// Every operation is held to what it costs, so that a query per friend cannot slip in.

let service: TestFriendService;
let ann: string;
let asAnn: Ask;
let friends: string[];
let strangers: string[];
beforeAll(async () => {
  service = await startFriendServiceForTest();
  ann = await service.users.signUp({ nickname: 'Ann', friendPolicy: 'APPROVAL' });
  asAnn = await service.as(ann);
  const signUp = (count: number, friendPolicy: 'OPEN' | 'APPROVAL') =>
    Promise.all(Array.from({ length: count }, () => service.users.signUp({ friendPolicy })));
  friends = await signUp(30, 'OPEN');
  strangers = await signUp(10, 'APPROVAL');
  for (const userId of [...friends, ...strangers.slice(0, 5)]) await mutate('addFriend', { userId });
  for (const id of strangers.slice(5)) {
    await (await service.as(id))('mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }', {
      variables: { input: { userId: ann } },
    });
  }
  const asFriend = await service.as(friends[0]!);
  for (const userId of friends.slice(1)) {
    await asFriend('mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }', {
      variables: { input: { userId } },
    });
  }
  await eventually('the events have all been published', async () => {
    const { rows } = await service.pool.query('SELECT FROM outbox WHERE published_at IS NULL LIMIT 1');
    return rows.length === 0;
  });
});
afterAll(() => service?.stop());

function mutate(name: string, input: object, headers: Record<string, string> = {}) {
  const type =
    /FriendRequest$/.test(name) && !name.startsWith('accept') ? 'FriendRequest' : name.replace('unblock', 'block');
  return asAnn(
    `mutation ($input: ${type[0]!.toUpperCase()}${type.slice(1)}Input!) { ${name}(input: $input) { listCursor } }`,
    { variables: { input }, headers },
  );
}

/** The same request twice: the first fills the view and has scripts and statements prepared. */
async function costOf(query: string, variables: object = {}) {
  const ask = async (traceparent: string) => {
    const answer = await asAnn(query, { variables, headers: { traceparent } });
    expect(answer.errors).toBeUndefined();
    return answer;
  };
  await ask('');
  return countRoundTrips(ask);
}

const users = (ids: readonly string[]) => ({ of: ids.map((id) => ({ __typename: 'User', id })) });
const ofUsers = (selection: string) =>
  `query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { ${selection} } } }`;
const USER = 'user { id nickname avatarUrl }';

test.each([
  ['a page of friends', `friends(first: 20) { totalCount listCursor edges { node { displayName ${USER} } } }`],
  ['a page of friends by date', `friends(orderBy: NEWEST) { edges { node { since ${USER} } } }`],
  ['a filtered page', `friends(text: "user 1") { totalCount edges { node { ${USER} } } }`],
])('%s is one round trip to Redis and none to Postgres', async (_, selection) => {
  expect(await costOf(ofUsers(selection), users([ann]))).toEqual({ sql: 0, redis: 1 });
});

test('whether lists are still at their cursors is one read of Redis a list, and none of Postgres', async () => {
  const ids = [ann, ...friends];
  const cursors = await Promise.all(
    ids.map(async (id) => {
      const { data } = await (await service.as(id))('{ friendListChanges { cursor } }');
      return data.friendListChanges.cursor;
    }),
  );
  for (const question of [
    'friendListsStillAt(ownerIds: $ids, cursors: $cursors)',
    'friendListStands(owners: $ids, cursors: $cursors) { unchanged }',
  ]) {
    const query = `query ($ids: [ID!]!, $cursors: [String!]!) { ${question} }`;
    const { sql, redis } = await costOf(query, { ids, cursors });
    expect({ sql, redisAtMostOneEach: redis <= ids.length }).toEqual({ sql: 0, redisAtMostOneEach: true });
  }
});

test('a friend is one round trip to Redis and none to Postgres', async () => {
  const query = `query ($id: ID!) { friend(userId: $id) { remark ${USER} } }`;
  expect(await costOf(query, { id: friends[3]! })).toEqual({ sql: 0, redis: 1 });
});

test.each([
  ['requests', 'friendRequests { totalCount edges { node { from { nickname } to { nickname } } } }'],
  ['requests sent', 'friendRequests(direction: OUTGOING) { edges { node { to { nickname } } } }'],
  ['blocked users', 'blockedUsers { edges { node { nickname } } }'],
  ['suggestions', 'suggestedFriends(first: 100) { mutualFriendCount user { nickname } }'],
])('%s are one statement, whatever their number', async (_, selection) => {
  expect(await costOf(ofUsers(selection), users([ann]))).toEqual({ sql: 1, redis: 0 });
});

test('the relations of a whole page of users are one statement', async () => {
  expect(await costOf(ofUsers('id relation'), users([ann, ...friends, ...strangers]))).toEqual({ sql: 1, redis: 0 });
});

test('friends in common are one statement for each user', async () => {
  const selection = 'mutualFriends(first: 100) { edges { node { nickname } } }';
  expect(await costOf(ofUsers(selection), users([friends[0]!]))).toEqual({ sql: 1, redis: 0 });
});

test('changes since a cursor are one statement, and where nothing changed one round trip to Redis', async () => {
  const query =
    'query ($after: String) { friendListChanges(after: $after, first: 10) { cursor hasMore changes { revision } } }';
  const { data } = await asAnn('{ friendListChanges { cursor } }');
  const at = Buffer.from(data.friendListChanges.cursor, 'base64url').toString();
  const early = Buffer.from(at.replace(/:\d+:c$/, ':3:c')).toString('base64url');
  expect(await costOf(query, { after: data.friendListChanges.cursor })).toEqual({ sql: 0, redis: 1 });
  expect(await costOf(query, { after: early })).toEqual({ sql: 1, redis: 1 });
});

test('a snapshot is one round trip to Redis, and one statement for the people of its requests', async () => {
  const query =
    '{ friendListChanges { changes { ... on FriendListSnapshot { friends { displayName } requests { id } } } } }';
  expect(await costOf(query)).toEqual({ sql: 1, redis: 1 });
});

// Load, and save unless somebody else has changed the lists meanwhile; a floor for each list that has moved.
const CHANGE = { sql: 2, redis: 2 };

test('a change costs the same few statements, whatever the length of the lists', async () => {
  const cost = (name: string, input: object) =>
    countRoundTrips(async (traceparent) => {
      expect((await mutate(name, input, { traceparent })).errors).toBeUndefined();
    });
  const userId = friends[5]!;
  // Nobody else's list shows a remark.
  expect(await cost('updateFriend', { userId, remark: 'Bobby' })).toEqual({ ...CHANGE, redis: 1 });
  expect(await cost('removeFriend', { userId })).toEqual(CHANGE);
  expect(await cost('addFriend', { userId })).toEqual(CHANGE);
  expect(await cost('blockUser', { userId })).toEqual(CHANGE);
  expect(await cost('unblockUser', { userId })).toEqual({ ...CHANGE, redis: 1 });
  // It has been done before, and may have died before its floors.
  expect(await cost('unblockUser', { userId })).toEqual({ ...CHANGE, sql: 1 });
  const { data } = await asAnn(ofUsers('friendRequests { edges { node { id } } }'), { variables: users([ann]) });
  const requestId = data._entities[0].friendRequests.edges[0].node.id;
  expect(await cost('acceptFriendRequest', { requestId })).toEqual(CHANGE);
});

test('a refusal by a closed policy and one by a block cost the same, so that neither is told by its time', async () => {
  const [closed, blocking] = await Promise.all([
    service.users.signUp({ friendPolicy: 'CLOSED' }),
    service.users.signUp({ friendPolicy: 'OPEN' }),
  ]);
  const block = 'mutation ($id: ID!) { blockUser(input: { userId: $id }) { changed } }';
  expect((await (await service.as(blocking!))(block, { variables: { id: ann } })).errors).toBeUndefined();
  await eventually('both are known', async () => {
    const { rows } = await service.pool.query('SELECT FROM profile WHERE user_id = ANY($1)', [[closed, blocking]]);
    return rows.length === 2;
  });
  const cost = (userId: string) =>
    countRoundTrips(async (traceparent) => {
      const { errors } = await mutate('addFriend', { userId }, { traceparent });
      expect(errors?.[0]?.extensions.code).toBe('NOT_ALLOWED');
    });
  expect([await cost(closed!), await cost(blocking!)]).toEqual([
    { sql: 1, redis: 0 },
    { sql: 1, redis: 0 },
  ]);
});

/** What was sent to Postgres and Redis in the trace of one request, whatever else the process does meanwhile. */
interface RoundTrips {
  readonly sql: number;
  readonly redis: number;
}

/** Behind a pooler a statement has a transaction of its own around it: a BEGIN with the settings, and a COMMIT. */
const MESSAGES_A_STATEMENT = inject('poolerPort') === null ? 1 : 3;

/**
 * Counts at the drivers, which go on doing their work: for Postgres the messages that ask for an answer, simple (`query`)
 * or with values (`bind`). The request has to carry the `traceparent` it is given.
 */
async function countRoundTrips(request: (traceparent: string) => Promise<unknown>): Promise<RoundTrips> {
  const traceparent = newTraceparent();
  const counted = { messages: 0, redis: 0 };
  const isOurs = () => traceIdOf(currentTraceparent()) === traceIdOf(traceparent);
  const { query, bind } = pg.Connection.prototype;
  const sendCommand = Redis.prototype.sendCommand;
  const spies = [
    vi.spyOn(pg.Connection.prototype, 'query').mockImplementation(function (this: pg.Connection, ...args) {
      if (isOurs()) counted.messages += 1;
      return query.apply(this, args);
    }),
    vi.spyOn(pg.Connection.prototype, 'bind').mockImplementation(function (this: pg.Connection, ...args) {
      if (isOurs()) counted.messages += 1;
      return bind.apply(this, args);
    }),
    vi.spyOn(Redis.prototype, 'sendCommand').mockImplementation(function (this: Redis, ...args: unknown[]) {
      if (isOurs()) counted.redis += 1;
      return (sendCommand as (...args: unknown[]) => unknown).apply(this, args) as never;
    }),
  ];
  try {
    await request(traceparent);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return { sql: counted.messages / MESSAGES_A_STATEMENT, redis: counted.redis };
}
