import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import { beforeEach, expect, test } from 'vitest';
import { connectLiveClient } from '../testing/live-client.ts';
import { withTestGateway } from '../testing/with-test-gateway.ts';

const { around, gateway } = await withTestGateway();
let owner: string;

beforeEach(() => {
  owner = randomUUID();
});

async function connect(userId = owner) {
  return connectLiveClient(gateway.graphql, { authorization: `Bearer ${await around.tokenOf(userId)}` });
}

/** How often the store was asked for changes. */
async function askedWhile(work: () => Promise<unknown>): Promise<number> {
  const before = around.lists.asked.changesSince;
  await work();
  return around.lists.asked.changesSince - before;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

test('is a snapshot in pages, then every change with the next revision', async () => {
  around.commit(owner, 'one');
  const client = await connect();
  const watching = client.watch();
  await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
  around.commit(owner, 'two');
  around.commit(owner, 'three');
  await eventually('both changes', () => watching.changes.length === 4);
  expect(watching.revisions).toEqual([1, 1, 2, 3]);
  expect(watching.changes[0]).toMatchObject({
    __typename: 'FriendListSnapshot',
    reason: 'SUBSCRIBED',
    complete: false,
  });
  expect(watching.changes[3]).toMatchObject({ __typename: 'FriendChanged', friend: { remark: 'three' } });
  await client.stop();
});

test('continues after a cursor, and asks the store once for that', async () => {
  const first = around.commit(owner, 'one');
  around.commit(owner, 'two');
  const client = await connect();
  const asked = await askedWhile(async () => {
    const watching = client.watch({ after: first.cursor });
    await eventually('the missed change', () => watching.changes.length === 1);
    around.commit(owner, 'three');
    await eventually('the live change', () => watching.changes.length === 2);
    expect(watching.revisions).toEqual([2, 3]);
  });
  expect(asked).toBe(1);
  await client.stop();
});

test('with a current cursor costs one small question, and no more when a change comes', async () => {
  const { cursor } = around.commit(owner, 'one');
  const client = await connect();
  const stillAt = around.lists.asked.stillAt;
  const asked = await askedWhile(async () => {
    const watching = client.watch({ after: cursor });
    await eventually('the subscription to be live', async () => (await metric('kith_live_watched_lists')) === 1);
    around.commit(owner, 'two');
    await eventually('the change', () => watching.changes.length === 1);
  });
  expect([asked, around.lists.asked.stillAt - stillAt]).toEqual([0, 1]);
  await client.stop();
});

test.each([
  ['of another list', () => `${randomUUID()}:1`, 'CURSOR_INVALID'],
  ['that nobody wrote', () => 'nonsense', 'CURSOR_INVALID'],
])('with a cursor %s starts with a snapshot that says so', async (_case, cursor, reason) => {
  around.commit(owner, 'one');
  const client = await connect();
  const watching = client.watch({ after: cursor() });
  await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
  expect(watching.changes[0]).toMatchObject({ reason });
  await client.stop();
});

test('answers what an announcement holds without asking any service, and joins the rest from both', async () => {
  const query = /* GraphQL */ `subscription ($after: String) {
    friendListChanged(after: $after) {
      __typename revision cursor
      ... on FriendChanged { renamed: friend { remark user { id nickname avatarUrl username friendCount } } }
    }
  }`;
  const client = await connect();
  const watching = client.watch({ after: `${owner}:0`, query });
  around.commit(owner, 'one');
  await eventually('the change', () => watching.changes.length === 1);
  expect(watching.errors).toEqual([]);
  expect(watching.changes[0]).toMatchObject({
    renamed: { remark: 'one', user: { nickname: 'Ada', username: 'u-friend-1', friendCount: 7 } },
  });
  await client.stop();
});

test('is the same for two subscribers of one list, over one subscription at the broker', async () => {
  const client = await connect();
  const other = await connect();
  const watching = [client.watch(), other.watch(), other.watch()];
  await eventually('the snapshots', () => watching.every(({ changes }) => changes.at(-1)?.complete));
  expect(await metric('kith_live_watched_lists')).toBe(1);
  expect(await metric('kith_live_subscribers')).toBe(3);
  around.commit(owner, 'one');
  await eventually('the change', () => watching.every(({ changes }) => changes.length === 3));
  await client.stop();
  await other.stop();
});

test('frees everything when it is left, by unsubscribing or by a cut socket', async () => {
  const client = await connect();
  const stays = client.watch();
  const leaves = client.watch();
  await eventually('both snapshots', () => leaves.changes.at(-1)?.complete && stays.changes.at(-1)?.complete);
  leaves.stop();
  await eventually('one to be freed', async () => (await metric('kith_live_subscribers')) === 1);
  client.client.terminate();
  await eventually('all to be freed', async () => (await metric('kith_live_subscribers')) === 0);
  expect(await metric('kith_live_watched_lists')).toBe(0);
});

test('is refused to nobody in particular', async () => {
  const client = connectLiveClient(gateway.graphql);
  const watching = client.watch();
  await eventually('the refusal', () => watching.ended);
  expect(watching.errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
  await client.stop();
});
