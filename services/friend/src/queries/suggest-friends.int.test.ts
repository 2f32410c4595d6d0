import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FriendDatabase, openFriendDatabase } from '../testing/open-friend-database.ts';
import { SAMPLE, suggestFriends } from './suggest-friends.ts';

let db: FriendDatabase;
beforeAll(async () => {
  db = await openFriendDatabase();
});
afterAll(() => db?.close());

const PEOPLE = 40;
const idOf = (graph: number, person: number) =>
  `00000000-0000-7000-8000-${graph.toString(16).padStart(6, '0')}${person.toString(16).padStart(6, '0')}`;

type PersonPair = readonly [number, number];
interface Graph {
  readonly friends: readonly PersonPair[];
  readonly requests: readonly PersonPair[];
  readonly blocks: readonly PersonPair[];
  readonly closed: readonly number[];
}

const person = fc.nat(PEOPLE - 1);
const pairs = (maxLength: number) =>
  fc.array(
    fc.tuple(person, person).filter(([one, other]) => one !== other),
    { maxLength },
  );
const graphs = fc.record<Graph>({
  friends: pairs(200),
  requests: pairs(40),
  blocks: pairs(40),
  closed: fc.array(person, { maxLength: 6 }),
});

async function store(graph: number, { friends, requests, blocks, closed }: Graph): Promise<void> {
  const id = (number: string) =>
    `('00000000-0000-7000-8000-' || lpad(to_hex($1::int), 6, '0') || lpad(to_hex(${number}), 6, '0'))::uuid`;
  const both = (list: readonly PersonPair[]) => [list.map(([one]) => one), list.map(([, other]) => other)];
  await db.pool.query(
    `INSERT INTO profile (user_id, username, nickname, friend_policy, version)
     SELECT ${id('n')}, $1 || '-' || n, 'n', CASE WHEN n = ANY($2::int[]) THEN 'CLOSED' ELSE 'OPEN' END, 1
     FROM generate_series(0, ${PEOPLE - 1}) AS n`,
    [graph, closed],
  );
  await db.pool.query(
    `INSERT INTO friend (owner_id, friend_id, since)
     SELECT ${id('a')}, ${id('b')}, now() FROM unnest($2::int[] || $3::int[], $3::int[] || $2::int[]) AS pair (a, b)
     ON CONFLICT DO NOTHING`,
    [graph, ...both(friends)],
  );
  await db.pool.query(
    `INSERT INTO friend_request (id, from_id, to_id, sent_at, status)
     SELECT gen_random_uuid(), ${id('a')}, ${id('b')}, now(), 'OPEN' FROM unnest($2::int[], $3::int[]) AS pair (a, b)
     ON CONFLICT DO NOTHING`,
    [graph, ...both(requests)],
  );
  await db.pool.query(
    `INSERT INTO block (owner_id, blocked_id, since)
     SELECT ${id('a')}, ${id('b')}, now() FROM unnest($2::int[], $3::int[]) AS pair (a, b) ON CONFLICT DO NOTHING`,
    [graph, ...both(blocks)],
  );
}

/** The plain definition: friends of friends without any relation to the viewer, by how many they have in common. */
function defined(graph: Graph, viewer: number): [person: number, inCommon: number][] {
  const between = (list: readonly PersonPair[], one: number, other: number) =>
    list.some(([a, b]) => (a === one && b === other) || (a === other && b === one));
  const everybody = Array.from({ length: PEOPLE }, (_, number) => number);
  const friendsOf = (one: number) => everybody.filter((other) => between(graph.friends, one, other));
  const mine = friendsOf(viewer);
  return everybody
    .filter((other) => other !== viewer && !graph.closed.includes(other))
    .filter((other) => ![graph.friends, graph.requests, graph.blocks].some((list) => between(list, viewer, other)))
    .map((other): [number, number] => [other, friendsOf(other).filter((one) => mine.includes(one)).length])
    .filter(([, inCommon]) => inCommon > 0)
    .sort(([one, a], [other, b]) => b - a || one - other);
}

test('whose lists are below the bounds is answered by the plain definition, however many are asked for', async () => {
  let graphsStored = 0;
  await fc.assert(
    fc.asyncProperty(graphs, person, fc.integer({ min: 1, max: PEOPLE }), async (graph, viewer, first) => {
      graphsStored += 1;
      await store(graphsStored, graph);
      const suggested = await suggestFriends(db.pool, idOf(graphsStored, viewer), first);
      expect(suggested.map(({ user, mutualFriendCount }) => [user.id, mutualFriendCount])).toEqual(
        defined(graph, viewer)
          .slice(0, first)
          .map(([other, inCommon]) => [idOf(graphsStored, other), inCommon]),
      );
    }),
    { numRuns: 40 },
  );
});

/** A viewer with `friends` friends, of whom the first `friendsOf(candidate)` have the candidate. */
async function hub(
  graph: number,
  options: { friends: number; candidates: number; friendsOf: string; closed: number },
): Promise<string> {
  const id = (number: string) =>
    `('00000000-0000-7000-8000-' || lpad(to_hex(${graph}), 6, '0') || lpad(to_hex(${number}), 6, '0'))::uuid`;
  const { friends, candidates, friendsOf, closed } = options;
  await db.pool.query(`
    INSERT INTO profile (user_id, username, nickname, friend_policy, version)
    SELECT ${id('n::int')}, '${graph}-' || n, 'n', CASE WHEN n BETWEEN ${friends + 1} AND ${friends + closed} THEN 'CLOSED' ELSE 'OPEN' END, 1
    FROM generate_series(0, ${friends + candidates}) AS n;
    INSERT INTO friend (owner_id, friend_id, since)
    SELECT ${id('0')}, ${id('n')}, now() FROM generate_series(1, ${friends}) AS n
    UNION ALL SELECT ${id('n')}, ${id(`${friends} + c`)}, now()
      FROM generate_series(1, ${candidates}) AS c, generate_series(1, (${friendsOf})::int) AS n;
    INSERT INTO friend (owner_id, friend_id, since) SELECT friend_id, owner_id, since FROM friend
    WHERE owner_id BETWEEN ${id('0')} AND ${id('16777215')} ON CONFLICT DO NOTHING;
    ANALYZE friend`);
  return idOf(graph, 0);
}

test('people who cannot be suggested are replaced by the next best, however many there are', async () => {
  // The two thousand people with the most mutual friends are CLOSED; the viewer has blocked the best of the others.
  const viewer = await hub(900_000, {
    friends: 10,
    candidates: 2_010,
    friendsOf: 'CASE WHEN c <= 2000 THEN 9 ELSE 5 END',
    closed: 2_000,
  });
  await db.pool.query(`INSERT INTO block (owner_id, blocked_id, since) VALUES ($1, $2, now())`, [
    viewer,
    idOf(900_000, 2_011),
  ]);
  const suggested = await suggestFriends(db.pool, viewer, 20);
  expect(suggested.map(({ user, mutualFriendCount }) => [user.id, mutualFriendCount])).toEqual(
    Array.from({ length: 9 }, (_, n) => [idOf(900_000, 2_012 + n), 5]),
  );
});

test('of a long list a sample is looked at: who has a tenth of it in common is found, and counted in full', async () => {
  const friends = 20 * SAMPLE.friends;
  const viewer = await hub(900_001, {
    friends,
    candidates: 60,
    friendsOf: `CASE WHEN c <= 10 THEN ${friends / 10} + c ELSE 1 END`,
    closed: 0,
  });
  const suggested = await suggestFriends(db.pool, viewer, 10);
  const best = Array.from({ length: 10 }, (_, n) => [idOf(900_001, friends + 10 - n), friends / 10 + 10 - n]);
  expect(suggested.map(({ user, mutualFriendCount }) => [user.id, mutualFriendCount])).toEqual(best);
  expect(await suggestFriends(db.pool, viewer, 10), 'the same sample each time').toEqual(suggested);
});
