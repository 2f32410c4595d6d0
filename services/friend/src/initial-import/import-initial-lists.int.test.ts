import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { findContradictions } from '../testing/find-contradictions.ts';
import { type FriendDatabase, openFriendDatabase } from '../testing/open-friend-database.ts';
import { bothWays } from '../testing/replay-events.ts';
import { importInitialLists } from './import-initial-lists.ts';
import { type StagedPair, stagePairs } from './stage-pairs.ts';

const LIMITS = { friendsPerList: 5, openRequestsPerUser: 500, askAgainAfterMs: 0 };

let db: FriendDatabase;
beforeAll(async () => {
  db = await openFriendDatabase({ limits: LIMITS });
});
afterAll(() => db?.close());
beforeEach(() => empty());

const empty = () =>
  db.pool.query('TRUNCATE friend, friend_list, friend_request, block, outbox, profile, bulk_import.pair');

async function importAll(pairs: readonly StagedPair[], { limits = LIMITS, said = pairs.length } = {}) {
  const importId = newId();
  await stagePairs(db.pool, importId, pairs);
  return importInitialLists(
    { importId, pairs: said },
    {
      pool: db.pool,
      users: { profiles: async () => [], profilePage: async () => [], profileDigest: async () => undefined },
      limits,
      committed: async () => undefined,
      onProgress: async () => undefined,
    },
  );
}

/** Every list as its rows and its events say it, apart from what tells one import from the other. */
async function lists(owners: readonly string[]) {
  const all = await Promise.all(owners.map((owner) => bothWays(db.pool, owner)));
  for (const { rows, events } of all) expect({ ...events, revision: rows.revision }).toEqual(rows);
  return all.map(({ rows }) => rows.friends.map(({ since, ...friend }) => friend));
}

/** Mulberry32 (Tommy Ettinger, public domain): the same numbers for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test.each([1, 2, 3])(
  'it makes the friends that the rules make one by one, and refuses whom they refuse (%i)',
  async (seed) => {
    const ids = Array.from({ length: 14 }, () => newId());
    const next = random(seed);
    const anybody = () => ids[Math.floor(next() * ids.length)]!;
    // The last two have no account. Self-edges and pairs named twice, either way round, come by themselves.
    const known = ids.slice(0, -2);
    const pairs = Array.from({ length: 90 }, (_, at): StagedPair => [3 * at, anybody(), anybody()]);
    const signUp = () => Promise.all(known.map((userId) => db.person({ userId })));

    await signUp();
    const initial = await importAll(pairs);
    const found = await lists(known);
    expect(await findContradictions(db.pool)).toEqual([]);

    await empty();
    await signUp();
    const outcomes = await db.relationships.changeMany(
      pairs.map(([, viewerId, otherId]) => ({ viewerId, otherId })),
      (relationship) => relationship.bind(),
    );
    const failed = outcomes.flatMap((outcome, at) =>
      'refused' in outcome ? { line: 3 * at, code: outcome.refused.code } : [],
    );
    const bound = outcomes.filter((outcome) => 'changed' in outcome && outcome.changed).length;
    expect(new Set(failed.map(({ code }) => code))).toEqual(
      new Set(['CANNOT_BEFRIEND_SELF', 'FRIEND_LIMIT_REACHED', 'USER_NOT_FOUND']),
    );
    expect(initial).toMatchObject({
      bound,
      existing: pairs.length - bound - failed.length,
      failedCount: failed.length,
    });
    expect(initial.failed.map(({ line, code }) => ({ line, code }))).toEqual(failed);
    expect(await lists(known)).toEqual(found);
  },
);

test('a list that no message can hold comes in parts, each a revision of its own', async () => {
  const avatarUrl = `https://img.example/${'a'.repeat(2_000)}.png`;
  const [owner = '', ...friends] = await db.people(101, { avatarUrl });
  await importAll(
    friends.map((friend, line) => [line, owner, friend] as const),
    { limits: { ...LIMITS, friendsPerList: 100 } },
  );
  const { rows } = await db.pool.query(
    `SELECT revision::int, (payload->>'part')::int AS part, (payload->>'parts')::int AS parts, pg_column_size(payload::text) AS bytes
     FROM outbox WHERE owner_id = $1 ORDER BY revision`,
    [owner],
  );
  expect(rows.map(({ revision, part, parts }) => [revision, part, parts])).toEqual([
    [1, 1, 2],
    [2, 2, 2],
  ]);
  expect(await db.revisionOf(owner)).toBe(2);
  expect((await lists([owner]))[0]).toHaveLength(100);
  expect(await findContradictions(db.pool)).toEqual([]);
});

test.each([
  ['a friendship', (a: string, b: string) => db.relationships.change({ viewerId: a, otherId: b }, (r) => r.bind())],
  ['a block', (a: string, b: string) => db.relationships.change({ viewerId: a, otherId: b }, (r) => r.block())],
])('where there is %s already it is refused, and nothing is changed', async (_, begin) => {
  const [a = '', b = '', c = '', d = ''] = await db.people(4);
  await begin(a, b);
  const before = await lists([a, b, c, d]);
  await expect(importAll([[1, c, d]])).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    message: expect.stringContaining('is not empty'),
  });
  expect(await lists([a, b, c, d])).toEqual(before);
});

test('when pairs are missing nobody becomes a friend, and it can begin anew', async () => {
  const [a = '', b = '', c = ''] = await db.people(3);
  await expect(importAll([[1, a, b]], { said: 2 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await db.count('friend')).toBe(0);
  expect(await db.count('outbox')).toBe(0);
  expect(
    await importAll([
      [1, a, b],
      [2, b, c],
    ]),
  ).toMatchObject({ bound: 2, failedCount: 0 });
});

test('a portion that is sent again is there once', async () => {
  const [a = '', b = ''] = await db.people(2);
  const importId = newId();
  for (let sent = 0; sent < 2; sent += 1) await stagePairs(db.pool, importId, [[1, a, b]]);
  expect(await db.count('bulk_import.pair')).toBe(1);
});
