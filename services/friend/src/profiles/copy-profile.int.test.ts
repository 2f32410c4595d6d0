// Longer than other files: all that a copy of a profile goes through, over one service that takes long to start.
import { randomUUID } from 'node:crypto';
import type { userContracts } from '@kith/event-contracts';
import type { SqlConnection } from '@kith/event-delivery';
import type { EnvelopeOf } from '@kith/event-delivery/envelope';
import { eventually } from '@kith/local-servers';
import { v7 as newId } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { copyProfiles } from '../consumers/copy-profiles.ts';
import { Relationship } from '../domain/relationship.ts';
import { readEvents } from '../lists/read-events.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import { ListLedger } from '../relationships/list-ledger.ts';
import { loadPair } from '../relationships/load-pair.ts';
import { findContradictions } from '../testing/find-contradictions.ts';
import { type FriendDatabase, openFriendDatabase } from '../testing/open-friend-database.ts';
import { bothWays } from '../testing/replay-events.ts';
import { copyProfile } from './copy-profile.ts';
import { learnProfiles } from './learn-profiles.ts';
import type { UserService, UsersProfile } from './user-service.ts';

type UserEvent = EnvelopeOf<(typeof userContracts)[number]>;

let db: FriendDatabase;
beforeAll(async () => {
  db = await openFriendDatabase();
});
afterAll(() => db?.close());
afterEach(async () => expect(await findContradictions(db.pool)).toEqual([]));

const profile = (nickname: string) => ({
  username: 'ann',
  nickname,
  avatarUrl: null,
  friendPolicy: 'OPEN' as const,
});

function event(name: 'registered' | 'deleted', userId: string, revision: number): UserEvent;
function event(name: 'profile-changed', userId: string, revision: number, nickname: string): UserEvent;
function event(name: string, userId: string, revision: number, nickname = 'Somebody'): UserEvent {
  const data = {
    registered: profile(nickname),
    deleted: {},
    'profile-changed': { before: profile('Before'), after: profile(nickname) },
  }[name];
  const place = { ownerId: userId, revision, occurredAt: new Date() };
  return { id: randomUUID(), source: 'kith/user', name: `kith.user.${name}`, ...place, data } as UserEvent;
}

async function handle(...events: UserEvent[]): Promise<void> {
  const consumer = copyProfiles({ pool: db.pool, now: () => new Date(), newId, afterCommit: async () => {} });
  for (const each of events) await consumer.handle(each);
}

async function befriend(viewerId: string, otherId: string): Promise<void> {
  await db.relationships.change({ viewerId, otherId }, (r) => r.bind());
}

async function nicknameIn(ownerId: string, userId: string): Promise<string | undefined> {
  const { rows, events } = await bothWays(db.pool, ownerId);
  expect(events).toEqual(rows);
  return rows.friends.find((friend) => friend.userId === userId)?.nickname;
}

test('a redelivered event changes each list once', async () => {
  const [ann, ...friends] = (await db.people(4)) as [string, ...string[]];
  for (const friend of friends) await befriend(ann, friend);
  const renamed = event('profile-changed', ann, 2, 'Annie');
  await handle(renamed, renamed);
  for (const friend of friends) {
    expect([await nicknameIn(friend, ann), await db.revisionOf(friend)]).toEqual(['Annie', 2]);
  }
  // Their own list does not show them.
  expect(await db.revisionOf(ann)).toBe(3);
});

test('two deliveries of one event at the same moment change each list once', async () => {
  const [ann, bob] = (await db.people(2)) as [string, string];
  await befriend(ann, bob);
  const renamed = event('profile-changed', ann, 2, 'Annie');
  await Promise.all([handle(renamed), handle(renamed), handle(renamed)]);
  expect(await db.revisionOf(bob)).toBe(2);
});

test('an older version that comes late changes nothing', async () => {
  const [ann, bob] = (await db.people(2)) as [string, string];
  await befriend(ann, bob);
  await handle(event('profile-changed', ann, 3, 'Third'), event('profile-changed', ann, 2, 'Second'));
  expect([await nicknameIn(bob, ann), await db.revisionOf(bob)]).toEqual(['Third', 2]);
});

test('a change that no list shows moves no list', async () => {
  const [ann, bob] = (await db.people(2, { nickname: 'Same' })) as [string, string];
  await befriend(ann, bob);
  await handle(event('profile-changed', ann, 2, 'Same'));
  expect(await db.revisionOf(bob)).toBe(1);
});

test('a profile that changes while its person makes friends is the same in every list at the end', async () => {
  const ann = await db.person();
  const others = await db.people(20);
  await Promise.all([
    ...others.map((other) => befriend(ann, other)),
    ...[2, 3, 4, 5, 6].map((version) => handle(event('profile-changed', ann, version, `Name ${version}`))),
    ...others.slice(0, 5).map((other) => handle(event('profile-changed', other, 2, `Other ${other}`))),
  ]);
  for (const other of others) expect(await nicknameIn(other, ann)).toBe('Name 6');
  for (const other of others.slice(0, 5)) expect(await nicknameIn(ann, other)).toBe(`Other ${other}`);
});

test('a remark that is written while a nickname waits for the list is not taken back by it', async () => {
  const [ann, bob] = (await db.people(2)) as [string, string];
  await befriend(ann, bob);
  const holder = await db.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM friend_list WHERE owner_id = $1 FOR UPDATE', [bob]);
    const renaming = handle(event('profile-changed', ann, 2, 'Annie'));
    await eventually('the nickname waits for the list', async () => {
      const { rows } = await db.pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    const loaded = (await loadPair(holder, { viewerId: bob, otherId: ann }))!;
    const relationship = new Relationship(loaded.state!, { now: new Date(), newId });
    relationship.update({ remark: 'Nan' });
    const ledger = new ListLedger(loaded.lists, { newId });
    ledger.enter(relationship);
    await ledger.savePair(holder, loaded, { wakesRelays: false });
    await holder.query('COMMIT');
    await renaming;
  } finally {
    holder.release();
  }
  const { rows, events } = await bothWays(db.pool, bob);
  expect(events).toEqual(rows);
  expect(rows.friends).toMatchObject([{ nickname: 'Annie', remark: 'Nan' }]);
});

test('a copy that comes twice at the same moment, in two versions, is the newer one', async () => {
  for (let round = 0; round < 20; round += 1) {
    const ann = newId();
    await Promise.all([
      handle(event('registered', ann, 1)),
      handle(event('profile-changed', ann, 2, 'Second')),
      handle(event('profile-changed', ann, 3, 'Third')),
    ]);
    const { rows } = await db.pool.query('SELECT nickname, version FROM profile WHERE user_id = $1', [ann]);
    expect(rows).toEqual([{ nickname: 'Third', version: 3 }]);
  }
});

test('a deleted account leaves every list, request and block, with events, and nothing of it stays', async () => {
  const [ann, friend, asked, asking, blocked, blocking] = (await db.people(6, { friendPolicy: 'APPROVAL' })) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  await befriend(ann, friend);
  await db.relationships.change({ viewerId: ann, otherId: asked }, (r) => r.add({ message: 'a secret' }));
  await db.relationships.change({ viewerId: asking, otherId: ann }, (r) => r.add({}));
  await db.relationships.change({ viewerId: ann, otherId: blocked }, (r) => r.block());
  await db.relationships.change({ viewerId: blocking, otherId: ann }, (r) => r.block());

  const gone = event('deleted', ann, 2);
  await handle(gone, gone);

  const last = async (ownerId: string) => (await readEvents(db.pool, ownerId, 0, 100)).at(-1);
  expect(await last(friend)).toMatchObject({ name: 'kith.friend.removed', data: { friend: { userId: ann } } });
  for (const other of [asked, asking]) {
    expect(await last(other)).toMatchObject({ name: 'kith.friend-request.closed', data: { outcome: 'WITHDRAWN' } });
  }
  expect([await db.revisionOf(blocked), await db.revisionOf(blocking)]).toEqual([0, 0]);
  const { rows } = await db.pool.query('SELECT username, nickname, deleted FROM profile WHERE user_id = $1', [ann]);
  expect(rows).toEqual([{ username: '', nickname: '', deleted: true }]);
  expect(await nicknameIn(ann, friend)).toBeUndefined();
  await expect(befriend(friend, ann)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  await expect(befriend(ann, friend)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('neither a late change nor a late registration brings a deleted person back', async () => {
  const ann = await db.person();
  await handle(event('deleted', ann, 3), event('profile-changed', ann, 2, 'Lazarus'));
  const unheardOf = newId();
  await handle(event('deleted', unheardOf, 2), event('registered', unheardOf, 1));
  const { rows } = await db.pool.query('SELECT deleted, nickname FROM profile WHERE user_id = ANY($1)', [
    [ann, unheardOf],
  ]);
  expect(rows).toEqual([
    { deleted: true, nickname: '' },
    { deleted: true, nickname: '' },
  ]);
});

test('two friends who leave at the same moment are both gone', async () => {
  for (let round = 0; round < 5; round += 1) {
    const [a, b, c] = (await db.people(3)) as [string, string, string];
    await Promise.all([befriend(a, b), befriend(b, c), befriend(a, c)]);
    await Promise.all([
      handle(event('deleted', a, 2)),
      handle(event('deleted', b, 2)),
      handle(event('profile-changed', c, 2, 'New')),
    ]);
    const { rows } = await db.pool.query('SELECT FROM friend WHERE owner_id = ANY($1) OR friend_id = ANY($1)', [
      [a, b],
    ]);
    expect(rows).toEqual([]);
  }
});

test('an account that goes while others befriend it leaves no tie behind', async () => {
  const ann = await db.person();
  const others = await db.people(20);
  const works = others.map((other, n) => (n === 10 ? handle(event('deleted', ann, 2)) : befriend(other, ann)));
  const refusals = (await Promise.allSettled(works)).flatMap((each) =>
    each.status === 'rejected' ? [each.reason.code] : [],
  );
  expect(refusals.every((code) => code === 'USER_NOT_FOUND')).toBe(true);
  const { rows } = await db.pool.query('SELECT FROM friend WHERE owner_id = $1 OR friend_id = $1', [ann]);
  expect(rows).toEqual([]);
});

test('a profile nobody has heard of is learnt once, and the event that follows changes nothing', async () => {
  const bob = await db.person();
  const [ann, left] = [newId(), newId()];
  const asked: string[][] = [];
  const known: UsersProfile[] = [
    { ...profile('Annie'), userId: ann, version: 2, deleted: false },
    { ...profile(''), userId: left, version: 5, deleted: true },
  ];
  const users: Pick<UserService, 'profiles'> = {
    async profiles(userIds) {
      asked.push([...userIds].sort());
      return known.filter(({ userId }) => userIds.includes(userId));
    },
  };
  const learn = (...ids: string[]) =>
    learnProfiles(db.pool, users as UserService, ids, () => ({ now: new Date(), newId }));
  await learn(ann, bob, left);
  await learn(ann, bob);
  expect(asked).toEqual([[ann, left].sort()]);
  await befriend(ann, bob);
  await handle(event('registered', ann, 1), event('profile-changed', ann, 2, 'Annie'));
  expect([await nicknameIn(bob, ann), await db.revisionOf(bob)]).toEqual(['Annie', 1]);
  await expect(befriend(bob, left)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
});

test.each([
  ['S12', 'a list that is not locked', (rows: object[]) => ('revision' in (rows[0] ?? {}) ? rows.slice(1) : rows)],
  ['S13', 'a list that does not move', (rows: object[]) => (Object.keys(rows[0] ?? {}).length === 1 ? [] : rows)],
])('%s: %s stops the copying, and nothing is kept of it', async (invariant, _what, lie) => {
  const [ann, bob, cid] = (await db.people(3)) as [string, string, string];
  await befriend(ann, bob);
  await befriend(ann, cid);
  const copying = inTransaction(db.pool, (sql) => {
    // What Postgres answers, less what must always be there.
    const lying = {
      query: async (text: string, values?: unknown[]) => {
        const { rows } = await sql.query(text, values);
        return { rows: lie(rows) };
      },
    } as SqlConnection;
    const newer = { ...profile('Anew'), userId: ann, version: 9, deleted: false };
    return copyProfile(lying, newer, { now: new Date(), newId });
  });
  await expect(copying).rejects.toMatchObject({ code: 'INVARIANT_BROKEN', invariant });
  expect(await nicknameIn(bob, ann)).not.toBe('Anew');
});
