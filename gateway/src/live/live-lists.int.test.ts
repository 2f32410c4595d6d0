import { randomUUID } from 'node:crypto';
import { liveFriendList } from '@kith/event-contracts';
import { eventually, missesNothing, startNats } from '@kith/local-servers';
import { usersOfNats } from '@kith/services';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectLiveClient } from '../testing/live-client.ts';
import { startNeighbours } from '../testing/start-neighbours.ts';
import { startTestGateway } from '../testing/start-test-gateway.ts';

let around: Awaited<ReturnType<typeof startNeighbours>>;
let gateway: Awaited<ReturnType<typeof startTestGateway>>;
let owner: string;

beforeAll(async () => {
  around = await startNeighbours();
  gateway = await startTestGateway(around);
});

afterAll(async () => {
  await gateway.stop();
  await around.stop();
});

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

describe('a live friend list', () => {
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
    await eventually('one to be freed', async () => (await metric('kith_live_subscribers')) === 1, { withinMs: 1_000 });
    client.client.terminate();
    await eventually('all to be freed', async () => (await metric('kith_live_subscribers')) === 0, { withinMs: 1_000 });
    expect(await metric('kith_live_watched_lists')).toBe(0);
  });

  test('is refused to nobody in particular', async () => {
    const client = connectLiveClient(gateway.graphql);
    const watching = client.watch();
    await eventually('the refusal', () => watching.ended);
    expect(watching.errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    await client.stop();
  });
});

describe('nothing is missed', () => {
  test('when an announcement is lost and another follows', async () => {
    const client = await connect();
    const watching = client.watch({ after: `${owner}:0` });
    around.commit(owner, 'one');
    await eventually('the first', () => watching.changes.length === 1);
    around.commit(owner, 'two', { announced: false });
    around.commit(owner, 'three');
    await eventually('the others', () => watching.changes.length === 3, { withinMs: 1_000 });
    expect(watching.revisions).toEqual([1, 2, 3]);
    await client.stop();
  });

  test('when the last announcement is lost', async () => {
    const client = await connect();
    const watching = client.watch();
    await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
    around.commit(owner, 'one', { announced: false });
    await eventually('the change', () => watching.changes.length === 3, { withinMs: 10_000 });
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
    await eventually('both', () => watching.revisions.at(-1) === 2, { withinMs: 5_000 });
    expect(watching.revisions).toEqual([0, 0, 1, 2]);
    await client.stop();
  });

  test('whoever subscribes while the friend service is away is told so', async () => {
    await around.stopFriend();
    try {
      const client = await connect();
      const watching = client.watch();
      await eventually('the answer', () => watching.ended, { withinMs: 10_000 });
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
      return eventually('one', () => around.lists.asked.revisionsOf > before, { withinMs: 10_000 });
    });
    around.lists.restore(owner, 1);
    await eventually('the snapshot', () => watching.changes.at(-1)?.reason === 'CURSOR_INVALID', { withinMs: 10_000 });
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
    await eventually('the change, without NATS', () => watching.revisions.at(-1) === 1, { withinMs: 10_000 });
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
});
