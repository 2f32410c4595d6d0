import { readFile } from 'node:fs/promises';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { dataOf } from '../src/people/ask-gateway.ts';
import { addFriend, makeFriends, updateFriend } from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { fillIn, readRecipes } from '../src/recipes/read-recipes.ts';
import { type CountedGateway, type Fetches, startCountedGateway } from '../src/system/start-counted-gateway.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const recipes = readRecipes(await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8'));

let system: SystemForTest;
/** The document's operations go through this one, so that what they cost the services is seen. */
let gateway: CountedGateway;
/** What happens besides goes through this one. */
let gatewayUrl: string;
/** What the placeholders of the document stand for, as far as its story has come. */
const known: Record<string, string> = {};
/** Sends the document's operations; has no token before they have signed up. */
let ann: Person | undefined;
let cleo: Person;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
  [gatewayUrl] = system.gatewayUrls as [string];
  gateway = await startCountedGateway(system);
});
afterAll(async () => {
  await gateway?.stop();
  await system?.stop();
});

/** What happens around Ann, who sends the document's operations, once she has an account. */
async function others(annId: string): Promise<void> {
  const [bob, dan, eve, fay] = await Promise.all(['bob', 'dan', 'eve', 'fay'].map((name) => signUp(gatewayUrl, name)));
  cleo = await signUp(gatewayUrl, 'cleo', 'Cleo Óscar');
  await makeFriends(dan!, cleo);
  await makeFriends(cleo, fay!);
  await Promise.all([1, 2, 3].map((number) => signUp(gatewayUrl, `clement_${number}`)));
  Object.assign(known, { 'id of Bob': bob!.id, 'id of Cleo': cleo.id, 'id of Dan': dan!.id, 'id of Eve': eve!.id });
  known["id of Dan's request"] = (await addFriend(dan!, annId, { message: 'Hello' })).request.id;
  known["id of Eve's request"] = (await addFriend(eve!, annId)).request.id;
}

// biome-ignore lint/suspicious/noExplicitAny: each operation has its own shape.
type Data = any;

/** What each operation has to answer, and what later ones need of it. An operation that is not here fails the test. */
const expectations: Record<string, (data: Data) => void | Promise<void>> = {
  async SignUp({ signUp }) {
    const { id, username } = signUp.user;
    ann = { id, username, token: signUp.accessToken, gatewayUrl };
    known['refresh token'] = signUp.refreshToken;
    await others(id);
  },
  SignIn({ signIn }) {
    known['refresh token of another device'] = signIn.refreshToken;
    expect(signIn.user.nickname).toBe('Ann');
  },
  RefreshSession({ refreshSession }) {
    ann = { ...ann!, token: refreshSession.accessToken };
  },
  Me: ({ me }) => expect(me).toMatchObject({ username: 'ann_example', friendPolicy: 'APPROVAL' }),
  SignOut: ({ signOut }) => expect(signOut).toEqual({ signedOut: true }),
  async FriendList({ me }) {
    expect(me.friends).toMatchObject({ totalCount: 0, edges: [] });
    known['list cursor'] = me.friends.listCursor;
    await makeFriends(ann!, cleo);
    await updateFriend(ann!, cleo.id, { remark: 'Cleo', tags: ['work'] });
  },
  FindFriends: ({ me }) =>
    expect(me.friends).toMatchObject({ totalCount: 1, edges: [{ node: { displayName: 'Cleo', tags: ['work'] } }] }),
  WatchFriendList: ({ friendListChanged }) =>
    expect(friendListChanged).toMatchObject({
      __typename: 'FriendRequestAdded',
      request: { from: { nickname: 'Ann' }, to: { nickname: 'Cleo Óscar' } },
    }),
  FriendListChanges({ friendListChanges }) {
    const names = friendListChanges.changes.map(({ __typename }: Data) => __typename);
    expect(names).toEqual(['FriendRequestAdded', 'FriendRequestClosed', 'FriendAdded', 'FriendChanged']);
    expect(friendListChanges.hasMore).toBe(false);
  },
  UpdateFriend: ({ updateFriend }) =>
    expect(updateFriend.friend).toMatchObject({ displayName: 'Cleo from work', pinned: true, tags: ['work'] }),
  RemoveFriend: ({ removeFriend }) => expect(removeFriend).toMatchObject({ userId: cleo.id, changed: true }),
  FriendRequests({ me }) {
    expect(me.incoming.edges.map(({ node }: Data) => node.from.nickname)).toEqual(['eve', 'dan']);
    expect(me.incoming.edges[0].node.from.relation).toBe('REQUEST_RECEIVED');
    expect([me.incoming.totalCount, me.outgoing.totalCount]).toEqual([2, 0]);
  },
  AddFriend({ addFriend }) {
    expect(addFriend).toMatchObject({ friend: null, request: { to: { nickname: 'bob' } } });
    known["id of one's own request"] = addFriend.request.id;
  },
  AcceptFriendRequest: ({ acceptFriendRequest }) =>
    expect(acceptFriendRequest.friend).toMatchObject({ displayName: 'Dan', user: { nickname: 'dan' } }),
  DeclineFriendRequest: ({ declineFriendRequest }) => expect(declineFriendRequest.request.from.nickname).toBe('eve'),
  CancelFriendRequest: ({ cancelFriendRequest }) => expect(cancelFriendRequest.request.to.nickname).toBe('bob'),
  SearchUsers: ({ searchUsers }) =>
    expect(searchUsers.edges.map(({ node }: Data) => [node.username, node.relation])).toEqual(
      ['clement_1', 'clement_2', 'clement_3', 'cleo'].map((username) => [username, 'NONE']),
    ),
  SuggestedFriends: ({ me }) =>
    expect(me.suggestedFriends).toMatchObject([{ mutualFriendCount: 1, user: { nickname: 'Cleo Óscar' } }]),
  Profile({ user, friend }) {
    expect(user).toMatchObject({ username: 'dan', relation: 'FRIEND', mutualFriends: { edges: [] } });
    expect(friend.displayName).toBe('Dan');
  },
  UpdateProfile: ({ updateProfile }) =>
    expect(updateProfile.user).toMatchObject({ nickname: 'Annie', avatarUrl: 'https://example.com/annie.png' }),
  ChangePassword({ changePassword }) {
    ann = { ...ann!, token: changePassword.accessToken };
  },
  BlockedUsers: ({ me }) => expect(me.blockedUsers.edges).toEqual([]),
  BlockUser: ({ blockUser }) => expect(blockUser).toMatchObject({ changed: true, user: { relation: 'BLOCKED' } }),
  UnblockUser: ({ unblockUser }) => expect(unblockUser).toMatchObject({ changed: true, user: { relation: 'NONE' } }),
  DeleteAccount: ({ deleteAccount }) => expect(deleteAccount).toEqual({ deleted: true }),
};

/**
 * How often each operation may ask the services, whatever the length of what it answers. Those that are not here are the
 * friend service's alone, in one request.
 */
const MOST_FETCHES: Record<string, Fetches> = {
  ...Object.fromEntries(
    ['SignUp', 'SignIn', 'RefreshSession', 'Me', 'SignOut', 'UpdateProfile', 'ChangePassword', 'DeleteAccount'].map(
      (name) => [name, { user: 1, friend: 0 }],
    ),
  ),
  SearchUsers: { user: 1, friend: 1 },
  // The user and the friendship are asked for at once; what the friend service knows of the user comes after.
  Profile: { user: 1, friend: 2 },
  // Whether the list has moved since the cursor, what it was, and now and then the poll of all watched lists.
  WatchFriendList: { user: 0, friend: 3 },
};

test('the document has an operation for each expectation, and the other way round', () => {
  expect(recipes.map(({ name }) => name).sort()).toEqual(Object.keys(expectations).sort());
});

test.each(recipes)('$name works as it is written in docs/api.md', async ({ name, kind, query, variables }) => {
  const operation = { query, variables: fillIn(variables, known), token: ann?.token };
  gateway.fetches();
  const data = kind === 'subscription' ? await firstOf(operation) : await dataOf(gateway.url, operation);
  const { user, friend } = gateway.fetches();
  expect(user + friend).toBeGreaterThan(0);
  const most = MOST_FETCHES[name] ?? { user: 0, friend: 1 };
  expect([user <= most.user, friend <= most.friend, { user, friend }]).toEqual([true, true, { user, friend }]);
  await expectations[name]!(data);
});

/** The first thing that a subscription brings over WebSocket. */
async function firstOf({ query, variables }: { query: string; variables: Record<string, unknown> }): Promise<Data> {
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${ann!.token}` },
    retryAttempts: 0,
  });
  try {
    for await (const { data, errors } of client.iterate({ query, variables })) {
      expect(errors).toBeUndefined();
      return data;
    }
  } finally {
    await client.dispose();
  }
  throw new Error('The subscription ended and brought nothing.');
}
