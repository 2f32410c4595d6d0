import { liveFriendList } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backUp, putBack } from '../testing/back-up-friend-database.ts';
import {
  type Ask,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';

let service: TestFriendService;
let ann: string;
let asAnn: Ask;
beforeEach(async () => {
  service = await startFriendServiceForTest();
  ann = await service.users.signUp();
  asAnn = await service.as(ann);
});
afterEach(() => service?.stop());

async function befriendSomebody(): Promise<string> {
  const userId = await service.users.signUp({ friendPolicy: 'OPEN' });
  const query = 'mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }';
  return (await asAnn(query, { variables: { input: { userId } } })).data.addFriend.listCursor;
}

const timelineIn = (cursor: string) => Buffer.from(cursor, 'base64url').toString().split(':')[1];

async function changesAfter(after: string) {
  const query =
    'query ($after: String) { friendListChanges(after: $after) { changes { __typename ... on FriendListSnapshot { reason } } } }';
  return (await asAnn(query, { variables: { after } })).data.friendListChanges.changes;
}

const cutEverybodyOff = () =>
  service.pool.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );

async function timelines(): Promise<string[]> {
  return (await service.pool.query('SELECT id FROM timeline ORDER BY started_at')).rows.map(({ id }) => id);
}

const allIsPublished = () =>
  eventually('all is published', async () => {
    const { rows } = await service.pool.query('SELECT FROM outbox WHERE published_at IS NULL');
    return rows.length === 0;
  });

/** The service has seen what is committed: it looks over every new connection before it answers over it. */
async function aLook(): Promise<void> {
  await cutEverybodyOff();
  const headers = { authorization: `Bearer ${service.operatorKey}` };
  await eventually('it answers', async () => (await fetch(`${service.url}/operator/status`, { headers })).ok);
}

async function reconcile(): Promise<{ differences: number; checked: Record<string, number> }> {
  const headers = { authorization: `Bearer ${service.operatorKey}` };
  const answer = await fetch(`${service.url}/operator/reconcile`, { headers });
  return JSON.parse((await answer.text()).trim().split('\n').at(-1)!).result;
}

test.each([
  ['while its connections are cut', cutEverybodyOff],
  ['under its open connections', async () => undefined],
])(
  'a database that is put back %s: a new timeline begins by itself, and nothing that was announced fits the old one',
  async (_, cut) => {
    await befriendSomebody();
    await allIsPublished();
    await backUp(service.pool);
    const lost = await befriendSomebody();
    await befriendSomebody();
    await allIsPublished();
    await aLook();
    const announced: { cursor: string }[] = [];
    service.broker.listen(liveFriendList(ann), (payload) => announced.push(JSON.parse(payload).change));
    const [old] = await timelines();

    await putBack(service.pool);
    await cut();
    await eventually('a new timeline has begun', async () => (await timelines()).length === 2);
    await eventually('it answers', async () => (await changesAfter(lost))[0]?.__typename === 'FriendListSnapshot');
    expect(await changesAfter(lost)).toEqual([{ __typename: 'FriendListSnapshot', reason: 'CURSOR_INVALID' }]);
    const next = await befriendSomebody();
    await eventually('it is announced', () => announced.length > 0);
    expect([timelineIn(next), ...announced.map(({ cursor }) => timelineIn(cursor))]).not.toContain(old);
    await allIsPublished();
    expect(await timelines()).toHaveLength(2);
  },
);

test('events of the time that was lost are counted apart, and are no differences', async () => {
  await befriendSomebody();
  await allIsPublished();
  await backUp(service.pool);
  await befriendSomebody();
  await allIsPublished();
  await aLook();
  await putBack(service.pool);
  await cutEverybodyOff();
  await eventually('they are settled', async () => {
    const { rows } = await service.pool.query('SELECT given_up_through::int AS through FROM stream_position');
    return rows[0]?.through > 0;
  });
  await befriendSomebody();
  await allIsPublished();
  const { checked } = await reconcile();
  expect(checked).toMatchObject({ givenUp: 2 });
  const headers = { authorization: `Bearer ${service.operatorKey}` };
  const lines = await (await fetch(`${service.url}/operator/reconcile`, { headers })).text();
  expect(lines).not.toContain('but not in the outbox');
});

test('without a restore no timeline begins, however often connections are cut', async () => {
  await befriendSomebody();
  await aLook();
  for (let cuts = 0; cuts < 3; cuts++) {
    await cutEverybodyOff();
    await eventually('it answers', async () => {
      const answer = await asAnn('{ friendListChanges { revision } }').catch(() => undefined);
      return answer?.data?.friendListChanges !== undefined;
    });
    await befriendSomebody();
  }
  await aLook();
  expect(await timelines()).toHaveLength(1);
});
