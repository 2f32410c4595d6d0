import { readFile } from 'node:fs/promises';
import { eventually } from '@kith/local-servers';
import { buildSchema, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { subscribeOverSse } from '../src/lists/subscribe-over-sse.ts';
import { ask } from '../src/people/ask-gateway.ts';
import { makeFriends, updateProfile } from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

// Bob blocks Ann. For Ann he is from then on like Zed, a stranger with a closed door and no friends: the same answers
// where she asks for him, and he is nowhere she looks around. Every field of the schema by which anybody is reached
// stands in one of the tables below, or the test fails.

const schema = buildSchema(await readFile(new URL('../../docs/api.graphql', import.meta.url), 'utf8'));
const fieldsOf = (name: string) => {
  const type = schema.getType(name);
  return isObjectType(type) ? Object.keys(type.getFields()).map((field) => `${name}.${field}`) : [];
};

interface Operation {
  query: string;
  variables?: (other: Person) => Record<string, unknown>;
}
const byId = (selection: string): Operation => ({
  query: `query ($id: ID!) { user(id: $id) { ${selection} } }`,
  variables: ({ id }) => ({ id }),
});
const own = (selection: string): Operation => ({ query: `{ me { id ${selection} } }` });
const mutation = (field: string, input: string, selection: string, args: (other: Person) => object): Operation => ({
  query: `mutation ($input: ${input}!) { ${field}(input: $input) { ${selection} } }`,
  variables: (other) => ({ input: args(other) }),
});
const toUser = ({ id }: Person) => ({ userId: id });
const NAMES = 'id username nickname avatarUrl';
const CONNECTION = `{ edges { node { ${NAMES} } } pageInfo { hasNextPage endCursor } }`;

/** Asked for by id: answered as of a stranger with a closed door. */
const ALIKE: Record<string, Operation> = {
  'Query.user': byId(NAMES),
  'Query.friend': { query: 'query ($id: ID!) { friend(userId: $id) { since } }', variables: ({ id }) => ({ id }) },
  'User.id': byId('id'),
  'User.username': byId('username'),
  'User.nickname': byId('nickname'),
  'User.avatarUrl': byId('avatarUrl'),
  'User.createdAt': byId('createdAt'),
  'User.friendPolicy': byId('friendPolicy'),
  'User.relation': byId('relation'),
  'User.friends': byId('friends { totalCount }'),
  'User.friendRequests': byId('friendRequests { totalCount }'),
  'User.blockedUsers': byId(`blockedUsers ${CONNECTION}`),
  'User.suggestedFriends': byId('suggestedFriends { mutualFriendCount }'),
  'User.mutualFriends': byId(`mutualFriends ${CONNECTION}`),
  'Mutation.addFriend': mutation('addFriend', 'AddFriendInput', 'friend { since } request { id }', toUser),
  'Mutation.updateFriend': mutation('updateFriend', 'UpdateFriendInput', 'friend { since }', (other) => ({
    ...toUser(other),
    remark: 'x',
  })),
  'Mutation.removeFriend': mutation('removeFriend', 'RemoveFriendInput', 'userId changed', toUser),
  'Mutation.unblockUser': mutation('unblockUser', 'BlockUserInput', `changed user { ${NAMES} relation }`, toUser),
};

/** Where one looks around: nothing of whoever blocks is in there. `before` says whether they were, until then. */
const NOT_IN: Record<string, Operation & { before: boolean }> = {
  'Query.searchUsers': {
    query: `query ($text: String!) { searchUsers(text: $text) ${CONNECTION} }`,
    variables: ({ username }) => ({ text: username }),
    before: true,
  },
  'Query.me': { ...own(`friends { edges { node { user { ${NAMES} } } } }`), before: false },
  'Query.friendListChanges': {
    query: `{ friendListChanges { changes { __typename
      ... on FriendListSnapshot { friends { user { ${NAMES} } } requests { id from { id } to { id } } } } } }`,
    before: true,
  },
  'User.friends, one’s own': { ...own(`friends { edges { node { user { ${NAMES} } } } }`), before: false },
  'User.friendRequests, one’s own': {
    ...own(`friendRequests(direction: OUTGOING) { edges { node { to { ${NAMES} } } } }`),
    before: true,
  },
  'User.blockedUsers, one’s own': { ...own(`blockedUsers ${CONNECTION}`), before: false },
  'User.mutualFriends, of a friend': { query: '{ me { mutualFriends { edges { node { id } } } } }', before: false },
};

/** With the request that Bob's block has closed: as with one that never was. */
const BY_REQUEST = ['acceptFriendRequest', 'declineFriendRequest', 'cancelFriendRequest'];

/** About the viewer alone, or, in the case of blocking, the viewer's own deed. */
const ABOUT_ONESELF = [
  'Mutation.signUp',
  'Mutation.signIn',
  'Mutation.refreshSession',
  'Mutation.signOut',
  'Mutation.updateProfile',
  'Mutation.changePassword',
  'Mutation.deleteAccount',
];
const ELSEWHERE_IN_THIS_FILE = ['Mutation.blockUser', 'Subscription.friendListChanged'];

let system: SystemForTest;
let gatewayUrl: string;
let ann: Person;
let bob: Person;
let zed: Person;
let requestId: string;
const seenBefore = new Map<string, string>();

const send = ({ query, variables }: Operation, viewer: Person, other: Person) =>
  ask(gatewayUrl, { query, variables: variables?.(other) ?? {}, token: viewer.token });
/** What is answered, without what tells one person from another. */
const answered = async (operation: Operation, viewer: Person, other: Person) => {
  const { status, data, errors } = await send(operation, viewer, other);
  return JSON.stringify({ status, data, errors })
    .replaceAll(other.id, 'THEIR ID')
    .replaceAll(other.username, 'THEIR NAME')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'WHEN');
};
const block = (viewer: Person, other: Person) =>
  send(mutation('blockUser', 'BlockUserInput', 'changed user { relation }', toUser), viewer, other);

beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
  [gatewayUrl] = system.gatewayUrls as [string];
  const [mia, other] = await Promise.all(['mia_between', 'other_one'].map((name) => signUp(gatewayUrl, name)));
  [ann, bob, zed] = (await Promise.all(
    ['ann_blocked', 'bob_blocking', 'zed_closed'].map((name) => signUp(gatewayUrl, name)),
  )) as [Person, Person, Person];
  await updateProfile(zed, { friendPolicy: 'CLOSED' });
  for (const friend of [ann, bob]) await makeFriends(friend, mia!);
  await makeFriends(ann, other!);
  await eventually('the closed door is known to the friend service', async () => {
    const { rows } = await system.friendDatabase.query('SELECT friend_policy FROM profile WHERE user_id = $1', [
      zed.id,
    ]);
    return rows[0]?.friend_policy === 'CLOSED';
  });
  const suggested = await answered(own(`suggestedFriends { user { ${NAMES} } }`), ann, bob);
  const inCommon = await answered(ALIKE['User.mutualFriends']!, ann, bob);
  seenBefore.set('suggested', suggested).set('in common', inCommon);
  const { data } = await send(ALIKE['Mutation.addFriend']!, ann, bob);
  requestId = data.addFriend.request.id;
  for (const [field, operation] of Object.entries(NOT_IN)) seenBefore.set(field, await answered(operation, ann, bob));
  expect((await block(bob, ann)).data).toEqual({ blockUser: { changed: true, user: { relation: 'BLOCKED' } } });
});
afterAll(() => system?.stop());

test('every field by which anybody can be reached is in a table', () => {
  const tabled = [
    ...Object.keys(ALIKE),
    ...Object.keys(NOT_IN).map((field) => field.split(',')[0]!),
    ...BY_REQUEST.map((field) => `Mutation.${field}`),
    ...ABOUT_ONESELF,
    ...ELSEWHERE_IN_THIS_FILE,
  ];
  const fields = ['Query', 'User', 'Mutation', 'Subscription'].flatMap(fieldsOf);
  expect([...new Set(tabled)].sort()).toEqual(fields.sort());
});

describe('for who is blocked, whoever blocks them', () => {
  test.each(Object.entries(ALIKE))('answers %s as a stranger with a closed door', async (_field, operation) => {
    expect(await answered(operation, ann, bob)).toBe(await answered(operation, ann, zed));
  });

  test.each(Object.entries(NOT_IN))('is not in %s', async (field, operation) => {
    expect(seenBefore.get(field)!.includes('THEIR ID')).toBe(operation.before);
    const { status } = await send(operation, ann, bob);
    expect(status).toBe(200);
    expect(await answered(operation, ann, bob)).not.toContain('THEIR ID');
  });

  test('is no suggestion, nor somebody with friends in common', async () => {
    expect(seenBefore.get('suggested')).toContain('THEIR ID');
    expect(seenBefore.get('in common')).toContain('mia_between');
    expect(await answered(own(`suggestedFriends { user { ${NAMES} } }`), ann, bob)).not.toContain('THEIR ID');
    expect(await answered(ALIKE['User.mutualFriends']!, ann, bob)).not.toContain('mia_between');
  });

  test.each(BY_REQUEST)('has no request any more that %s could find', async (field) => {
    const input = field === 'acceptFriendRequest' ? 'AcceptFriendRequestInput' : 'FriendRequestInput';
    const selection = field === 'acceptFriendRequest' ? 'friend { since }' : 'request { id }';
    const withId = (id: string) => mutation(field, input, selection, () => ({ requestId: id }));
    const never = await answered(withId(zed.id), ann, bob);
    expect(await answered(withId(requestId), ann, bob)).toBe(never);
    expect(never).toContain('REQUEST_NOT_FOUND');
  });

  test('is not in the live list', async () => {
    const seen: unknown[] = [];
    const subscription = subscribeOverSse({
      gatewayUrl,
      token: ann.token,
      after: null,
      onChange: (change) => seen.push(change),
    });
    await eventually('the list comes', () => seen.length > 0);
    subscription.cut();
    await subscription.ended;
    expect(JSON.stringify(seen)).not.toContain(bob.id);
    expect(JSON.stringify(seen)).toContain('mia_between');
  });
});

describe('for who blocks, whom they block', () => {
  test('is where it can be taken back, and nowhere else', async () => {
    const search = {
      ...NOT_IN['Query.searchUsers']!,
      query: '{ searchUsers(text: "ann_blocked") { edges { node { id relation } } } }',
    };
    expect((await send(search, bob, ann)).data.searchUsers.edges).toEqual([
      { node: { id: ann.id, relation: 'BLOCKED' } },
    ]);
    expect(await answered(own(`blockedUsers ${CONNECTION}`), bob, ann)).toContain('THEIR ID');
    expect((await send(byId('relation'), bob, ann)).data.user.relation).toBe('BLOCKED');
    for (const selection of [
      `suggestedFriends { user { ${NAMES} } }`,
      `friends { edges { node { user { ${NAMES} } } } }`,
      `friendRequests { edges { node { from { ${NAMES} } } } }`,
    ]) {
      expect(await answered(own(selection), bob, ann)).not.toContain('THEIR ID');
    }
    expect((await send(byId(`mutualFriends ${CONNECTION}`), bob, ann)).data.user.mutualFriends.edges).toEqual([]);
  });
});

test('blocking back shows nothing of the other’s block, and outlives it', async () => {
  const operation = mutation('blockUser', 'BlockUserInput', `changed user { ${NAMES} relation }`, toUser);
  expect(await answered(operation, ann, bob)).toBe(await answered(operation, ann, zed));
  const unblock = ALIKE['Mutation.unblockUser']!;
  expect((await send(unblock, bob, ann)).data.unblockUser).toMatchObject({ changed: true, user: { relation: 'NONE' } });
  expect(await answered(NOT_IN['Query.searchUsers']!, bob, ann)).not.toContain('THEIR ID');
  expect(await answered(unblock, ann, bob)).toBe(await answered(unblock, ann, zed));
});

test('once it is taken back they are there again', async () => {
  expect(await answered(NOT_IN['Query.searchUsers']!, ann, bob)).toContain('THEIR ID');
  expect(await answered(own(`suggestedFriends { user { ${NAMES} } }`), ann, bob)).toContain('THEIR ID');
  expect(await answered(ALIKE['User.mutualFriends']!, ann, bob)).toContain('mia_between');
});
