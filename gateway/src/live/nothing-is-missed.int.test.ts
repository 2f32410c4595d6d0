import { randomUUID } from 'node:crypto';
import { liveFriendList } from '@kith/event-contracts';
import { eventually, missesNothing, startNats } from '@kith/local-servers';
import { usersOfNats } from '@kith/services';
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

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

test('when an announcement is lost and another follows', async () => {
  const client = await connect();
  const watching = client.watch({ after: `${owner}:0` });
  around.commit(owner, 'one');
  await eventually('the first', () => watching.changes.length === 1);
  around.commit(owner, 'two', { announced: false });
  around.commit(owner, 'three');
  await eventually('the others', () => watching.changes.length === 3);
  expect(watching.revisions).toEqual([1, 2, 3]);
  await client.stop();
});

test('when the last announcement is lost', async () => {
  const client = await connect();
  const watching = client.watch();
  await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
  around.commit(owner, 'one', { announced: false });
  await eventually('the change', () => watching.changes.length === 3);
  await client.stop();
});

test('when an announcement cannot be read, and its neighbours still arrive', async () => {
  const client = await connect();
  const watching = client.watch({ after: `${owner}:0` });
  around.commit(owner, 'one');
  await eventually('the first', () => watching.changes.length === 1);
  const malformed = await metric('kith_live_malformed_announcements_total');
  for (const payload of ['not json', '{"__typename":"FriendChanged"}', '{"__typename":"Nonsense","revision":2}']) {
    around.broker.announce(liveFriendList(owner), payload);
  }
  around.commit(owner, 'two');
  await eventually('the second', () => watching.changes.length === 2);
  expect(await metric('kith_live_malformed_announcements_total')).toBe(malformed + 3);
  await client.stop();
});

test('when announcements come twice and out of order', async () => {
  const client = await connect();
  const watching = client.watch();
  await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
  const changes = Array.from({ length: 20 }, (_, index) => around.commit(owner, `r${index}`, { announced: false }));
  for (const change of [...changes, ...changes].sort((a, b) => ((a.revision * 7) % 11) - ((b.revision * 7) % 11))) {
    around.broker.announce(liveFriendList(owner), JSON.stringify(change));
  }
  await eventually('all', () => watching.revisions.at(-1) === 20);
  expect(watching.revisions.slice(2)).toEqual(changes.map(({ revision }) => revision));
  await client.stop();
});

test('while the friend service is away: the list waits, then continues', async () => {
  const client = await connect();
  const watching = client.watch();
  await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
  await around.stopFriend();
  try {
    around.commit(owner, 'one', { announced: false });
    around.commit(owner, 'two');
    await eventually('a failed question', async () => (await metric('kith_live_holes_found_total')) > 0);
  } finally {
    await around.startFriend();
  }
  await eventually('both', () => watching.revisions.at(-1) === 2);
  expect(watching.revisions).toEqual([0, 0, 1, 2]);
  await client.stop();
});

test('whoever subscribes while the friend service is away is told so', async () => {
  await around.stopFriend();
  try {
    const client = await connect();
    const watching = client.watch();
    await eventually('the answer', () => watching.ended);
    expect(watching.errors[0]?.extensions?.code).toBe('SERVICE_UNAVAILABLE');
    await client.stop();
  } finally {
    await around.startFriend();
  }
});

test('when the database is restored from a backup: a fresh snapshot, lower than what was seen, then every change', async () => {
  const client = await connect();
  for (const remark of ['one', 'two', 'three']) around.commit(owner, remark);
  const watching = client.watch();
  await eventually('the snapshot', () => watching.revisions.at(-1) === 3 && watching.changes.at(-1)?.complete);
  await eventually('a poll, from which the timeline is known', async () => {
    const before = around.lists.asked.revisionsOf;
    return eventually('one', () => around.lists.asked.revisionsOf > before);
  });
  around.lists.restore(owner, 1);
  await eventually('the snapshot', () => watching.changes.at(-1)?.reason === 'CURSOR_INVALID');
  around.commit(owner, 'another two');
  await eventually('the change', () => watching.revisions.at(-1) === 2);
  expect(watching.revisions).toEqual([3, 3, 1, 1, 2]);
  await client.stop();
});

test('while NATS is away changes arrive late, and live again when it is back', async () => {
  const client = await connect();
  const watching = client.watch();
  await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
  const { port } = around.nats;
  await around.nats.kill();
  around.commit(owner, 'one', { announced: false });
  await eventually('the change, without NATS', () => watching.revisions.at(-1) === 1);
  around.nats = await startNats({ port, users: usersOfNats });
  await eventually('the gateway to be connected', () => missesNothing(gateway.url));
  await eventually('the neighbours to be connected', () => around.broker.connected);
  await eventually('the next change, live', () => {
    if (watching.revisions.at(-1) === 1) around.commit(owner, 'two');
    return watching.revisions.at(-1)! > 1;
  });
  const revisions = watching.revisions.slice(2);
  expect(revisions).toEqual(revisions.map((_, index) => index + 1));
  await client.stop();
});
