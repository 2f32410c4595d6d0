import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Relationship } from '../domain/relationship.ts';
import { type FriendDatabase, openFriendDatabase } from '../testing/open-friend-database.ts';
import type { Page } from './keyset-cursor.ts';
import { readBlockedUsers } from './read-blocked-users.ts';
import { readFriendRequests } from './read-friend-requests.ts';
import { readMutualFriends } from './read-mutual-friends.ts';
import { readRelations } from './read-relations.ts';
import { readWhoBlocks } from './read-who-blocks.ts';
import { suggestFriends } from './suggest-friends.ts';

let db: FriendDatabase;
beforeAll(async () => {
  db = await openFriendDatabase();
});
afterAll(() => db?.close());

const change = (viewerId: string, otherId: string, decide: (relationship: Relationship) => unknown) =>
  db.relationships.change({ viewerId, otherId }, decide);
const befriend = (a: string, ...others: string[]) =>
  db.relationships.changeMany(
    others.map((otherId) => ({ viewerId: a, otherId })),
    (r) => r.bind(),
  );

type Read<Node> = (page: { first: number; after: string | null }) => Promise<Page<Node>>;

/** All pages of `first`; between two of them something may happen. */
async function allPages<Node>(read: Read<Node>, first: number, between = async () => {}): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let after: string | null = null; ; ) {
    const page = await read({ first, after });
    expect(page.hasPreviousPage).toBe(after !== null);
    nodes.push(...page.edges.map(({ node }) => node));
    if (!page.hasNextPage) return nodes;
    expect(page.edges).toHaveLength(first);
    after = page.edges.at(-1)!.cursor;
    await between();
  }
}

const badCursor = expect.objectContaining({ code: 'BAD_USER_INPUT', extensions: { field: 'after' } });
const forged = ['', 'nonsense', Buffer.from('["other"]').toString('base64url'), 'W10', 'A'.repeat(300)];

describe('open requests', () => {
  const incoming =
    (ownerId: string): Read<{ from: { id: string }; to: { id: string } }> =>
    (page) =>
      readFriendRequests(db.pool, ownerId, { direction: 'INCOMING', ...page });

  test('come in pages, newest first, with both people and a count of all', async () => {
    const ann = await db.person({ nickname: 'Ann', friendPolicy: 'APPROVAL' });
    const fans = await db.people(5, { nickname: 'Fan' });
    for (const fan of fans) await change(fan, ann, (r) => r.add({ message: 'Hi' }));
    const all = await allPages(incoming(ann), 2);
    expect(all.map(({ from }) => from.id)).toEqual(fans.toReversed());
    expect(all[0]).toMatchObject({ to: { id: ann, nickname: 'Ann' }, from: { nickname: 'Fan' }, message: 'Hi' });
    const last = await readFriendRequests(db.pool, ann, { direction: 'INCOMING', first: 5, after: null });
    expect([last.totalCount, last.hasNextPage]).toEqual([5, false]);
    const beyond = { direction: 'INCOMING' as const, first: 2, after: last.edges.at(-1)!.cursor };
    expect(await readFriendRequests(db.pool, ann, beyond)).toMatchObject({ edges: [], totalCount: 5 });
    const sent = await readFriendRequests(db.pool, fans[0]!, { direction: 'OUTGOING', first: 2, after: null });
    expect(sent).toMatchObject({ totalCount: 1, edges: [{ node: { to: { id: ann } } }] });
    const none = await readFriendRequests(db.pool, ann, { direction: 'OUTGOING', first: 2, after: null });
    expect(none).toMatchObject({ totalCount: 0, edges: [], hasNextPage: false, hasPreviousPage: false });
  });

  test('that are closed are gone, and paging goes on where one was', async () => {
    const ann = await db.person({ friendPolicy: 'APPROVAL' });
    const fans = await db.people(6);
    const ids: string[] = [];
    for (const fan of fans) ids.push((await change(fan, ann, (r) => r.add({}))).state.openRequest!.id);
    const closed = [ids[4]!, ids[3]!];
    const decline = async () => {
      for (const id of closed.splice(0)) {
        await db.relationships.changeRequest(ann, id, (r, request) => r.decline(request));
      }
    };
    const all = await allPages(incoming(ann), 2, decline);
    expect(all.map(({ from }) => from.id)).toEqual([fans[5], fans[4], fans[2], fans[1], fans[0]]);
  });

  test.each(forged)('refuse the cursor "%s"', async (after) => {
    await expect(incoming(await db.person())({ first: 2, after })).rejects.toEqual(badCursor);
  });
});

describe('blocked users', () => {
  test('come in pages, the latest first, and go when they are unblocked', async () => {
    const ann = await db.person();
    const others = await db.people(5);
    for (const other of others) await change(ann, other, (r) => r.block());
    const read: Read<{ id: string }> = (page) => readBlockedUsers(db.pool, ann, page);
    expect((await allPages(read, 2)).map(({ id }) => id)).toEqual(others.toReversed());
    await change(ann, others[2]!, (r) => r.unblock());
    expect(await allPages(read, 100)).toHaveLength(4);
    for (const after of forged) await expect(read({ first: 2, after })).rejects.toEqual(badCursor);
  });

  test('are the blocker’s own, not those who block them', async () => {
    const [ann, bob] = (await db.people(2)) as [string, string];
    await change(bob, ann, (r) => r.block());
    expect((await readBlockedUsers(db.pool, ann, { first: 10, after: null })).edges).toEqual([]);
  });
});

describe('friends in common', () => {
  test('are those of both, in pages, each once', async () => {
    const [ann, bob, ...others] = (await db.people(12)) as [string, string, ...string[]];
    await befriend(ann, bob, ...others.slice(0, 7));
    await befriend(bob, ...others.slice(3));
    const read: Read<{ id: string }> = (page) => readMutualFriends(db.pool, { viewerId: ann, otherId: bob }, page);
    expect((await allPages(read, 3)).map(({ id }) => id)).toEqual(others.slice(3, 7));
    for (const after of forged) await expect(read({ first: 2, after })).rejects.toEqual(badCursor);
  });
});

describe('once one of two blocks the other', () => {
  test('neither has friends in common with the other, until it is taken back', async () => {
    const [ann, bob, mia] = (await db.people(3)) as [string, string, string];
    await befriend(mia, ann, bob);
    const inCommon = async (viewerId: string, otherId: string) =>
      (await readMutualFriends(db.pool, { viewerId, otherId }, { first: 10, after: null })).edges.length;
    const both = () => Promise.all([inCommon(ann, bob), inCommon(bob, ann)]);
    expect(await both()).toEqual([1, 1]);
    await change(bob, ann, (r) => r.block());
    expect(await both()).toEqual([0, 0]);
    await change(ann, bob, (r) => r.block());
    await change(bob, ann, (r) => r.unblock());
    expect(await both()).toEqual([0, 0]);
    await change(ann, bob, (r) => r.unblock());
    expect(await both()).toEqual([1, 1]);
  });

  test('who shows people to a viewer can ask which of them block the viewer', async () => {
    const [ann, bob, cem] = (await db.people(3)) as [string, string, string];
    await change(bob, ann, (r) => r.block());
    await change(ann, cem, (r) => r.block());
    expect(await readWhoBlocks(db.pool, ann, [bob, cem, ann])).toEqual([bob]);
    expect(await readWhoBlocks(db.pool, bob, [ann, cem])).toEqual([]);
    expect(await readWhoBlocks(db.pool, cem, [])).toEqual([]);
  });
});

describe('relations', () => {
  test('of many people at once, in their order; a block is seen from one side only', async () => {
    const [ann, friend, asked, asking, blocked, blocking, stranger] = (await db.people(7, {
      friendPolicy: 'APPROVAL',
    })) as [string, string, string, string, string, string, string];
    await befriend(ann, friend);
    await change(ann, asked, (r) => r.add({}));
    await change(asking, ann, (r) => r.add({}));
    await change(ann, blocked, (r) => r.block());
    await change(blocking, ann, (r) => r.block());
    const everybody = [stranger, blocking, blocked, asking, asked, friend, ann];
    expect(await readRelations(db.pool, ann, everybody)).toEqual([
      'NONE',
      'NONE',
      'BLOCKED',
      'REQUEST_RECEIVED',
      'REQUEST_SENT',
      'FRIEND',
      'SELF',
    ]);
    expect(await readRelations(db.pool, blocked, [ann])).toEqual(['NONE']);
  });
});

describe('suggestions', () => {
  test('are friends of friends, most in common first, and nobody there is anything with already', async () => {
    const [ann, f1, f2, f3, best, second, asking, blocked, blocking] = (await db.people(9)) as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const closed = await db.person({ friendPolicy: 'CLOSED' });
    const careful = await db.person({ friendPolicy: 'APPROVAL' });
    await befriend(ann, f1, f2, f3);
    await befriend(f1, f2, best, second, asking, blocked, blocking, closed, careful);
    await befriend(f2, best, second, careful);
    await befriend(f3, best, blocked);
    await change(ann, careful, (r) => r.add({}));
    await db.pool.query(`UPDATE profile SET friend_policy = 'APPROVAL' WHERE user_id = $1`, [ann]);
    await change(asking, ann, (r) => r.add({}));
    await change(ann, blocked, (r) => r.block());
    await change(blocking, ann, (r) => r.block());
    const suggested = await suggestFriends(db.pool, ann, 10);
    expect(suggested.map(({ user, mutualFriendCount }) => [user.id, mutualFriendCount])).toEqual([
      [best, 3],
      [second, 2],
    ]);
    expect(await suggestFriends(db.pool, ann, 1)).toHaveLength(1);
  });

  test('for somebody with a thousand friends, in a graph of 4,000 people and 90,000 friendships, are those with most in common', async () => {
    const graph = await openFriendDatabase();
    try {
      const hub = await growGraph(graph, { people: 4_000, friendships: 90_000, ofHub: 1_045 });
      const suggested = await suggestFriends(graph.pool, hub, 20);
      expect(suggested).toHaveLength(20);
      for (const { user, mutualFriendCount } of suggested) {
        expect(mutualFriendCount).toBe(await inCommon(graph, hub, user.id));
      }
    } finally {
      await graph.close();
    }
  });
});

async function inCommon(graph: FriendDatabase, a: string, b: string): Promise<number> {
  const { rows } = await graph.pool.query(
    `SELECT count(*)::int FROM (SELECT friend_id FROM friend WHERE owner_id = $1
       INTERSECT SELECT friend_id FROM friend WHERE owner_id = $2) AS common`,
    [a, b],
  );
  return rows[0].count;
}

/**
 * A graph with the size and the clusters of a real one: people know their neighbours on a ring, the hub knows the first
 * `ofHub` of them. Rows only: what is measured is a query.
 */
async function growGraph(
  graph: FriendDatabase,
  { people, friendships, ofHub }: { people: number; friendships: number; ofHub: number },
): Promise<string> {
  const id = (number: string) => `lpad(to_hex(${number}), 32, '0')::uuid`;
  await graph.pool.query(`INSERT INTO profile (user_id, username, nickname, friend_policy, version)
    SELECT ${id('n')}, 'n' || n, 'n' || n, 'APPROVAL', 1 FROM generate_series(0, ${people}) AS n`);
  await graph.pool.query(`INSERT INTO friend (owner_id, friend_id, since)
    SELECT one, two, now() FROM (
      SELECT ${id('n')} AS one, ${id(`1 + (n - 1 + step * step / 7 + step) % ${people}`)} AS two
      FROM generate_series(1, ${people}) AS n, generate_series(1, ${Math.round(friendships / people)}) AS step
      UNION SELECT ${id('0')}, ${id('n')} FROM generate_series(1, ${ofHub}) AS n) AS pair
    WHERE one <> two ON CONFLICT DO NOTHING`);
  await graph.pool.query(`INSERT INTO friend SELECT friend_id, owner_id, remark, pinned, tags, since FROM friend
    ON CONFLICT DO NOTHING`);
  // VACUUM refuses to run in a transaction, and behind a pooler the pool puts one around it.
  const client = new pg.Client({ connectionString: graph.url });
  await client.connect();
  await client.query('VACUUM ANALYZE friend, profile').finally(() => client.end());
  return '00000000-0000-0000-0000-000000000000';
}
