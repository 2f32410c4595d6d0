import { liveFriendList } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Ask,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';

let service: TestFriendService;
let ann: string;
let asAnn: Ask;
beforeAll(async () => {
  service = await startFriendServiceForTest();
  ann = await service.users.signUp();
  asAnn = await service.as(ann);
  await befriendSomebody();
});
afterAll(() => service?.stop());

/** Answers where ann's list stands then. */
async function befriendSomebody(): Promise<string> {
  const userId = await service.users.signUp({ friendPolicy: 'OPEN' });
  const query = 'mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }';
  return (await asAnn(query, { variables: { input: { userId } } })).data.addFriend.listCursor;
}

async function changesAfter(after: string) {
  const query =
    'query ($after: String) { friendListChanges(after: $after) { cursor changes { __typename ... on FriendListSnapshot { reason } } } }';
  return (await asAnn(query, { variables: { after } })).data.friendListChanges;
}

async function stillAt(...cursors: string[]): Promise<(number | null)[]> {
  const query =
    'query ($ownerIds: [ID!]!, $cursors: [String!]!) { friendListsStillAt(ownerIds: $ownerIds, cursors: $cursors) }';
  const { data } = await service.ask(query, { variables: { ownerIds: cursors.map(() => ann), cursors } });
  return data.friendListsStillAt;
}

test('a list is still at the cursor of its last change, and at no other', async () => {
  const before = await befriendSomebody();
  const now = await befriendSomebody();
  const ofAnother = Buffer.from(
    Buffer.from(now, 'base64url').toString().replace(ann, '0197a000-0000-7000-8000-00000000000a'),
  ).toString('base64url');
  const [old, current, ...others] = await stillAt(before, now, ofAnother, 'nonsense');
  expect([old, ...others]).toEqual([null, null, null]);
  expect(current).toBeGreaterThan(1);
});

test('a new timeline ends the cursors of the old one everywhere, announced ones too, without a restart', async () => {
  const old = await befriendSomebody();
  expect((await changesAfter(old)).changes).toEqual([]);
  const begun = await fetch(`${service.url}/operator/timeline`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.operatorKey}` },
  });
  const { timeline } = (await begun.json()) as { timeline: string };

  const snapshot = await changesAfter(old);
  expect(snapshot.changes).toEqual([{ __typename: 'FriendListSnapshot', reason: 'CURSOR_INVALID' }]);
  expect(await stillAt(old, snapshot.cursor)).toEqual([null, expect.any(Number)]);
  expect((await changesAfter(snapshot.cursor)).changes).toEqual([]);
  expect((await service.ask('{ friendListTimeline }')).data).toEqual({ friendListTimeline: timeline });

  const announced: string[] = [];
  const listening = service.broker.listen(liveFriendList(ann), (payload) =>
    announced.push(JSON.parse(payload).change.cursor),
  );
  // A subscription at the broker is there once something comes through it.
  const heard = await eventually('an announcement', async () => {
    if (announced.length === 0) await befriendSomebody();
    return announced.at(-1);
  });
  await listening.stop();
  expect(Buffer.from(heard, 'base64url').toString()).toContain(timeline);
});

test('after a restore the views of the time that was lost are gone with it', async () => {
  const friendsOfAnn = async () => {
    const query = 'query ($of: _Any!) { _entities(representations: [$of]) { ... on User { friends { totalCount } } } }';
    const { data } = await asAnn(query, { variables: { of: { __typename: 'User', id: ann } } });
    return data._entities[0].friends.totalCount;
  };
  const before = await friendsOfAnn();
  await befriendSomebody();
  expect(await friendsOfAnn()).toBe(before + 1);
  // As it was in the backup.
  await service.pool.query(
    `WITH lost AS (DELETE FROM friend WHERE owner_id = $1 AND since = (SELECT max(since) FROM friend WHERE owner_id = $1)),
     events AS (DELETE FROM outbox WHERE owner_id = $1::text
                AND revision = (SELECT revision FROM friend_list WHERE owner_id = $1))
     UPDATE friend_list SET revision = revision - 1, friend_count = friend_count - 1 WHERE owner_id = $1`,
    [ann],
  );
  await fetch(`${service.url}/operator/timeline`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.operatorKey}` },
  });
  expect(await friendsOfAnn()).toBe(before);
  await befriendSomebody();
  expect(await friendsOfAnn()).toBe(before + 1);
});

test('a timeline that another process began is taken up within a second or two', async () => {
  const old = await befriendSomebody();
  await service.pool.query("INSERT INTO timeline (started_at) SELECT max(started_at) + interval '1 s' FROM timeline");
  const [change] = await eventually('the end of the old cursor', async () => {
    const { changes } = await changesAfter(old);
    return changes.length > 0 && changes;
  });
  expect(change).toEqual({ __typename: 'FriendListSnapshot', reason: 'CURSOR_INVALID' });
});

test('only the operator begins a timeline', async () => {
  expect((await fetch(`${service.url}/operator/timeline`, { method: 'POST' })).status).toBe(401);
});
