import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../src/people/ask-gateway.ts';
import {
  ACCEPT_REQUEST,
  ADD_FRIEND,
  addFriend,
  makeFriends,
  UPDATE_FRIEND,
  updateProfile,
} from '../src/people/friend-operations.ts';
import { PASSWORD, type Person, SIGN_IN, signIn, signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

// The codes that take more than one bad input: what two people have come to, and what sessions have been through.

let system: SystemForTest;
let gatewayUrl: string;
beforeAll(async () => {
  system = await startSystemForTest({
    gateways: 1,
    env: { FRIENDS_PER_LIST: '2', OPEN_REQUESTS_PER_USER: '3', ASK_AGAIN_AFTER_S: '3600' },
  });
  [gatewayUrl] = system.gatewayUrls as [string];
});
afterAll(() => system?.stop());

let signedUp = 0;
function people(count: number): Promise<Person[]> {
  return Promise.all(Array.from({ length: count }, () => signUp(gatewayUrl, `person_${++signedUp}`)));
}

async function extensionsOf(person: Person | undefined, query: string, variables: object): Promise<unknown> {
  const { errors } = await ask(gatewayUrl, { query, variables: { ...variables }, token: person?.token });
  expect(errors).toHaveLength(1);
  return errors[0]!.extensions;
}

const CLOSE = (how: string) => `mutation ($input: FriendRequestInput!) { ${how}(input: $input) { request { id } } }`;
const BLOCK = 'mutation ($input: BlockUserInput!) { blockUser(input: $input) { changed } }';

test('a list that is full', async () => {
  const [ann, bob, cid, dan] = (await people(4)) as [Person, Person, Person, Person];
  await makeFriends(ann, bob);
  await makeFriends(ann, cid);
  const { request } = await addFriend(dan, ann.id);
  const refused = await extensionsOf(ann, ACCEPT_REQUEST, { input: { requestId: request.id } });
  expect(refused).toEqual({ code: 'FRIEND_LIMIT_REACHED', limit: 2 });
  expect(await extensionsOf(dan, UPDATE_FRIEND, { input: { userId: ann.id, pinned: true } })).toEqual({
    code: 'NOT_FRIENDS',
  });
});

test('too many open requests, and asking again after a no', async () => {
  const [ann, ...others] = (await people(5)) as [Person, ...Person[]];
  const requests = [];
  for (const other of others.slice(0, 3)) requests.push((await addFriend(ann, other.id)).request.id);
  const tooMany = await extensionsOf(ann, ADD_FRIEND, { input: { userId: others[3]!.id } });
  expect(tooMany).toMatchObject({ code: 'RATE_LIMITED', limit: 3, retryAfterMs: expect.any(Number) });

  const decline = { query: CLOSE('declineFriendRequest'), variables: { input: { requestId: requests[0] } } };
  const declined = await ask(gatewayUrl, { ...decline, token: others[0]!.token });
  expect(declined.errors).toEqual([]);
  const again = (await extensionsOf(ann, ADD_FRIEND, { input: { userId: others[0]!.id } })) as { retryAfterMs: number };
  expect(again).toMatchObject({ code: 'RATE_LIMITED' });
  expect(again.retryAfterMs).toBeGreaterThan(3_500_000);
  // Accepted, cancelled or declined by the wrong one, or once it is closed.
  for (const [person, how] of [
    [ann, 'declineFriendRequest'],
    [ann, 'cancelFriendRequest'],
    [others[1]!, 'cancelFriendRequest'],
  ] as const) {
    expect(await extensionsOf(person, CLOSE(how), decline.variables)).toEqual({ code: 'REQUEST_NOT_FOUND' });
  }
});

test('who is blocked is told what everybody is told by a closed door', async () => {
  const [ann, closed, blocking] = (await people(3)) as [Person, Person, Person];
  await updateProfile(closed, { friendPolicy: 'CLOSED' });
  expect(
    (await ask(gatewayUrl, { query: BLOCK, variables: { input: { userId: ann.id } }, token: blocking.token })).errors,
  ).toEqual([]);
  const add = (userId: string) =>
    ask(gatewayUrl, { query: ADD_FRIEND, variables: { input: { userId } }, token: ann.token });
  await eventually('the policy is known to the friend service', async () => {
    const { rows } = await system.friendDatabase.query('SELECT friend_policy FROM profile WHERE user_id = $1', [
      closed.id,
    ]);
    return rows[0]?.friend_policy === 'CLOSED';
  });
  const byPolicy = await add(closed.id);
  expect(byPolicy.errors[0]?.extensions).toEqual({ code: 'NOT_ALLOWED' });
  expect(await add(blocking.id)).toEqual(byPolicy);
  const query = 'query ($id: ID!) { user(id: $id) { relation mutualFriends { edges { cursor } } } }';
  const [one, two] = await Promise.all(
    [closed, blocking].map(({ id }) => ask(gatewayUrl, { query, variables: { id }, token: ann.token })),
  );
  expect(two).toEqual(one);
  expect(one!.data.user.relation).toBe('NONE');
});

test('what is somebody’s own', async () => {
  const [ann, bob] = (await people(2)) as [Person, Person];
  for (const field of [
    'friendPolicy',
    'friends { totalCount }',
    'friendRequests { totalCount }',
    'blockedUsers { edges { cursor } }',
    'suggestedFriends { mutualFriendCount }',
  ]) {
    const query = `query ($id: ID!) { user(id: $id) { ${field} } }`;
    expect(await extensionsOf(ann, query, { id: bob.id })).toMatchObject({ code: 'FORBIDDEN' });
    expect((await ask(gatewayUrl, { query, variables: { id: ann.id }, token: ann.token })).errors).toEqual([]);
  }
});

test('sessions that are over, and passwords that are wrong', async () => {
  const [ann] = (await people(1)) as [Person];
  const { data } = await ask(gatewayUrl, {
    query: SIGN_IN,
    variables: { input: { username: ann.username, password: PASSWORD } },
  });
  const { refreshToken } = data.signIn;
  const REFRESH = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { refreshToken } }';
  const refresh = { query: REFRESH, variables: { input: { refreshToken } } };
  const given = await ask(gatewayUrl, refresh);
  // Repeated because no answer came: the same again.
  expect(await ask(gatewayUrl, refresh)).toEqual(given);
  const successor = { input: { refreshToken: given.data.refreshSession.refreshToken } };
  expect((await ask(gatewayUrl, { query: REFRESH, variables: successor })).errors).toEqual([]);
  // Used again after what it gave has been used: whoever holds any of the tokens is out.
  expect(await extensionsOf(undefined, REFRESH, refresh.variables)).toEqual({ code: 'SESSION_ENDED' });
  const wrong = { input: { username: ann.username, password: 'not the password' } };
  expect(await extensionsOf(undefined, SIGN_IN, wrong)).toEqual({ code: 'INVALID_CREDENTIALS' });
  await signIn(gatewayUrl, ann.username);
});
