import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { findContradictions } from '../testing/find-contradictions.ts';
import { type FriendDatabase, openFriendDatabase } from '../testing/open-friend-database.ts';
import { bothWays } from '../testing/replay-events.ts';

let db: FriendDatabase;
beforeAll(async () => {
  db = await openFriendDatabase({ limits: { friendsPerList: 5, openRequestsPerUser: 4 } });
});
afterAll(() => db?.close());
// Every test here changes the same database, and none may leave it contradicting itself.
afterEach(async () => expect(await findContradictions(db.pool)).toEqual([]));

const codeOf = (error: { code?: string }) => error.code;
const between = (viewerId: string, otherId: string) => ({ viewerId, otherId });

/** Two processes: what one has in hand, the other learns from Postgres. */
const processOf = (n: number) => (n % 2 === 0 ? db.relationships : db.elsewhere);

async function befriend(a: string, b: string): Promise<void> {
  await db.relationships.change(between(a, b), (r) => r.bind());
}

test('a rule that refuses at the end leaves nothing behind: no row, no revision, no event', async () => {
  const [a, b] = (await db.people(2)) as [string, string];
  const before = await db.count('outbox');
  const heardOf = db.committed.length;
  const refused = db.relationships.change(between(a, b), (r) => {
    r.add({});
    r.update({ remark: 'Bobby' });
    throw new Error('on second thoughts');
  });
  await expect(refused).rejects.toThrow('on second thoughts');
  expect([await db.count('outbox'), await db.revisionOf(a), await db.revisionOf(b)]).toEqual([before, 0, 0]);
  expect(db.committed).toHaveLength(heardOf);
});

test('a statement that fails in Postgres leaves nothing behind either', async () => {
  const [a, b] = (await db.people(2)) as [string, string];
  // The revision that the change is about to take is taken already, so its event cannot be written.
  await db.pool.query(
    `INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at)
     VALUES (gen_random_uuid(), $1, 1, 'kith.friend.removed.v1', 'friend.removed.x', '{}', now())`,
    [b],
  );
  await expect(befriend(a, b)).rejects.toMatchObject({ code: '23505' });
  const { rows } = await db.pool.query('SELECT FROM friend WHERE owner_id IN ($1, $2)', [a, b]);
  expect([rows.length, await db.revisionOf(a), await db.revisionOf(b)]).toEqual([0, 0, 0]);
  await db.pool.query('DELETE FROM outbox WHERE owner_id = $1', [b]);
});

test('fifty concurrent changes of one pair from both sides fail nobody and agree in the end', async () => {
  const [a, b] = (await db.people(2)) as [string, string];
  const settled = await Promise.allSettled(
    Array.from({ length: 50 }, (_, n) => {
      const pair = n % 2 === 0 ? between(a, b) : between(b, a);
      return processOf(n >> 1).change(pair, (r) => {
        if (n % 5 === 0) return r.remove();
        if (n % 7 === 0) return r.block();
        if (n % 11 === 0) return r.unblock();
        if (n % 3 === 0 && r.areFriends) return r.update({ remark: `remark ${n}` });
        return r.add({});
      });
    }),
  );
  const refusals = settled.flatMap((each) => (each.status === 'rejected' ? [codeOf(each.reason)] : []));
  expect(refusals.every((code) => code === 'NOT_ALLOWED')).toBe(true);
  for (const ownerId of [a, b]) {
    const { rows, events } = await bothWays(db.pool, ownerId);
    expect(events).toEqual(rows);
  }
});

test('two who add each other at the same moment are friends once', async () => {
  for (let round = 0; round < 10; round += 1) {
    const [a, b] = (await db.people(2, { friendPolicy: 'APPROVAL' })) as [string, string];
    const [one, two] = await Promise.all([
      db.relationships.change(between(a, b), (r) => r.add({ remark: 'from A' })),
      processOf(round).change(between(b, a), (r) => r.add({ remark: 'from B' })),
    ]);
    // One asked, and the other, by asking, accepted.
    expect([one, two].filter(({ state }) => state.openRequest)).toHaveLength(1);
    expect([one, two].filter(({ state }) => state.viewer.friend)).toHaveLength(1);
    const { rows } = await db.pool.query('SELECT owner_id, remark FROM friend WHERE owner_id IN ($1, $2)', [a, b]);
    expect(new Map(rows.map((row) => [row.owner_id, row.remark]))).toEqual(
      new Map([
        [a, 'from A'],
        [b, 'from B'],
      ]),
    );
    expect([await db.revisionOf(a), await db.revisionOf(b)]).toEqual([3, 3]);
  }
});

test('a list takes in as many as it may hold, however many come at once', async () => {
  const popular = await db.person();
  const fans = await db.people(12);
  const settled = await Promise.allSettled(
    fans.map((fan, n) => processOf(n).change(between(fan, popular), (r) => r.add({}))),
  );
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  const refusals = settled.flatMap((each) => (each.status === 'rejected' ? [codeOf(each.reason)] : []));
  expect(refusals).toEqual(Array(7).fill('FRIEND_LIMIT_REACHED'));
});

test('nobody has more open requests than allowed, however many are sent at once', async () => {
  const asked = await db.person({ friendPolicy: 'APPROVAL' });
  const fans = await db.people(9);
  const settled = await Promise.allSettled(
    fans.map((fan, n) => processOf(n).change(between(fan, asked), (r) => r.add({}))),
  );
  const refusals = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(refusals).toHaveLength(5);
  expect(refusals[0]).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: expect.any(Number) } });
});

test('many pairs in rings, locked in every order at once, never deadlock', async () => {
  const people = await db.people(6);
  const works = Array.from({ length: 60 }, (_, n) => {
    const [a, b] = [people[n % 6]!, people[(n * 5 + 1) % 6]!];
    if (a === b)
      return processOf(n).changeMany([between(people[0]!, people[5]!), between(people[3]!, people[1]!)], (r) =>
        r.part(),
      );
    return processOf(n).change(between(a, b), (r) => (n % 3 ? r.bind() : r.remove()));
  });
  const failed = (await Promise.allSettled(works)).flatMap((each) =>
    each.status === 'rejected' ? [codeOf(each.reason)] : [],
  );
  expect(failed.filter((code) => code !== 'FRIEND_LIMIT_REACHED')).toEqual([]);
});

test('a declined request is answered the same again; only its own people can touch it', async () => {
  const [a, b, stranger] = (await db.people(3, { friendPolicy: 'APPROVAL' })) as [string, string, string];
  const { state } = await db.relationships.change(between(a, b), (r) => r.add({ message: 'Hi' }));
  const { id } = state.openRequest!;
  const decline = (viewerId: string) =>
    db.relationships.changeRequest(viewerId, id, (r, request) => r.decline(request));
  for (const viewerId of [a, stranger])
    await expect(decline(viewerId)).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' });
  const first = await decline(b);
  const again = await decline(b);
  expect([again.result, again.revision]).toEqual([first.result, first.revision]);
  const asking = db.relationships.change(between(a, b), (r) => r.add({}));
  await expect(asking).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  // The other way round nobody was declined.
  await db.relationships.change(between(b, a), (r) => r.add({}));
});

test('a repeated command moves nothing and still promises where its list stands', async () => {
  const [a, b] = (await db.people(2)) as [string, string];
  await befriend(a, b);
  const events = await db.count('outbox');
  const again = await db.relationships.change(between(a, b), (r) => r.add({}));
  expect(again.revision).toBe(1);
  expect(db.committed.at(-1)).toMatchObject({
    events: [],
    revisions: new Map([
      [a, 1],
      [b, 1],
    ]),
  });
  expect(await db.count('outbox')).toBe(events);
});

test('nobody is somebody’s friend', async () => {
  const a = await db.person();
  const nobody = '01980000-0000-7000-8000-000000000000';
  await expect(befriend(a, nobody)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  await expect(befriend(nobody, a)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(befriend(a, a)).rejects.toMatchObject({ code: 'CANNOT_BEFRIEND_SELF' });
});

test('a batch binds each pair once, refuses what must be, and stops nobody for it', async () => {
  const [a, b, c, blocked] = (await db.people(4)) as [string, string, string, string];
  const nobody = '01980000-0000-7000-8000-000000000000';
  await db.relationships.change(between(a, blocked), (r) => r.block());
  const pairs = [
    between(a, b),
    between(b, a),
    between(a, nobody),
    between(a, blocked),
    between(blocked, a),
    between(c, c),
    between(b, c),
    between(a, b),
  ];
  const outcomes = await db.relationships.changeMany(pairs, (r) => r.bind());
  const said = outcomes.map((outcome) => ('refused' in outcome ? outcome.refused.code : outcome.changed));
  expect(said).toEqual([
    true,
    false,
    'USER_NOT_FOUND',
    'NOT_ALLOWED',
    'NOT_ALLOWED',
    'CANNOT_BEFRIEND_SELF',
    true,
    false,
  ]);
  const again = await db.relationships.changeMany(pairs, (r) => r.bind());
  expect(again.filter((outcome) => 'changed' in outcome && outcome.changed)).toEqual([]);
  expect([await db.revisionOf(a), await db.revisionOf(b), await db.revisionOf(c)]).toEqual([1, 2, 1]);
});

test('a batch fills a list to its brim and not beyond', async () => {
  const popular = await db.person();
  const fans = await db.people(8);
  const outcomes = await db.relationships.changeMany(
    fans.map((fan) => between(fan, popular)),
    (r) => r.bind(),
  );
  const said = outcomes.map((outcome) => ('refused' in outcome ? outcome.refused.code : outcome.changed));
  expect(said).toEqual([...Array(5).fill(true), ...Array(3).fill('FRIEND_LIMIT_REACHED')]);
});
