import { eventually, type NatsServer, startNats } from '@kith/local-servers';
import { usersOfNats } from '@kith/services';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backUp, putBack } from '../testing/back-up-friend-database.ts';
import {
  type Ask,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';
import { viewKeys } from '../view/redis/view-keys.ts';
import { tellRedis } from '../view/testing/tell-redis.ts';

let service: TestFriendService;
let emptyNats: NatsServer | undefined;
let ann: string;
let asAnn: Ask;
beforeEach(async () => {
  service = await startFriendServiceForTest();
  ann = await service.users.signUp();
  asAnn = await service.as(ann);
});
afterEach(async () => {
  await service?.stop();
  await emptyNats?.stop();
  emptyNats = undefined;
});

async function befriendSomebody(): Promise<string> {
  const userId = await service.users.signUp({ friendPolicy: 'OPEN' });
  const query = 'mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }';
  return (await asAnn(query, { variables: { input: { userId } } })).data.addFriend.listCursor;
}

async function changesAfter(after: string): Promise<{ __typename: string; reason?: string }[]> {
  const query =
    'query ($after: String) { friendListChanges(after: $after) { changes { __typename ... on FriendListSnapshot { reason } } } }';
  return (await asAnn(query, { variables: { after } })).data.friendListChanges.changes;
}
const SNAPSHOT = [{ __typename: 'FriendListSnapshot', reason: 'CURSOR_INVALID' }];

const timelines = async () => (await service.pool.query('SELECT FROM timeline')).rows.length;

const allIsPublished = () =>
  eventually('all is published', async () => {
    const { rows } = await service.pool.query('SELECT FROM outbox WHERE published_at IS NULL');
    return rows.length === 0;
  });

const QUERY = 'query ($of: _Any!) { _entities(representations: [$of]) { ... on User { friends { totalCount } } } }';
async function totalCount(): Promise<number> {
  const { data } = await asAnn(QUERY, { variables: { of: { __typename: 'User', id: ann } } });
  return data._entities[0].friends.totalCount;
}

async function keyOfView(): Promise<string> {
  const { rows } = await service.pool.query('SELECT id FROM timeline ORDER BY started_at DESC LIMIT 1');
  return viewKeys(ann, rows[0].id)[0]!;
}

/** A view that has had all changes. */
async function viewIsAt(friends: number): Promise<void> {
  expect(await totalCount()).toBe(friends);
  const meta = await keyOfView();
  await eventually('the view is there', async () => {
    const { rows } = await service.pool.query('SELECT revision FROM friend_list WHERE owner_id = $1', [ann]);
    return (await tellRedis(service.redis, `HGET ${meta} revision`)).includes(`\r\n${rows[0].revision}\r\n`);
  });
}

/** Its storage is lost. */
async function loseStreams(): Promise<void> {
  const { port } = service.nats;
  await service.nats.stop();
  emptyNats = await startNats({ port, users: usersOfNats });
}

/** What happened in it is in the stream and in the view, and then no longer in the database. */
async function lostTime(meanwhile: () => Promise<unknown>): Promise<string> {
  await befriendSomebody();
  await viewIsAt(1);
  await allIsPublished();
  await eventually('the stream is known', async () => {
    const { rows } = await service.pool.query('SELECT FROM stream_position WHERE last_sequence > 0');
    return rows.length > 0;
  });
  await backUp(service.pool);
  const lost = await befriendSomebody();
  await allIsPublished();
  await viewIsAt(2);
  await service.restart(async () => {
    await putBack(service.pool);
    await meanwhile();
  });
  return lost;
}

test.each([
  ['its stream knows more', async () => undefined],
  ['its stream was lost too, and its views know more', loseStreams],
  ['its stream is away, and its views know more', () => service.nats.stop()],
])(
  'a database that was put back while the service was away, and %s: its first answer is of a new timeline',
  async (_, meanwhile) => {
    const lost = await lostTime(meanwhile);
    expect(await timelines()).toBe(2);
    expect(await changesAfter(lost)).toEqual(SNAPSHOT);
    expect(await totalCount()).toBe(1);
  },
);

test('a view that is met ahead of Postgres is evidence while the stream is away, and spoiled alone while it is there', async () => {
  const cursor = await befriendSomebody();
  await viewIsAt(1);
  await allIsPublished();
  const spoil = async () => {
    await service.restart(async () => void (await tellRedis(service.redis, `HSET ${await keyOfView()} revision 99`)));
    expect(await totalCount()).toBe(1);
  };
  await eventually('the stream is known', async () => {
    const { rows } = await service.pool.query('SELECT FROM stream_position WHERE last_sequence > 0');
    return rows.length > 0;
  });
  await spoil();
  expect([await timelines(), await changesAfter(cursor)]).toEqual([1, []]);
  await service.nats.stop();
  await spoil();
  expect([await timelines(), await changesAfter(cursor)]).toEqual([2, SNAPSHOT]);
});

test('a start without a restore begins no timeline, whatever is away', async () => {
  await befriendSomebody();
  await viewIsAt(1);
  await allIsPublished();
  await service.restart();
  await service.restart(loseStreams);
  await service.restart(() => emptyNats!.stop());
  await service.restart(() => service.redis.stop());
  expect([await timelines(), await totalCount()]).toEqual([1, 1]);
});
