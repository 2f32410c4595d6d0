import { eventually } from '@kith/local-servers';
import type pg from 'pg';
import { v7 as newId } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Relationship } from '../domain/relationship.ts';
import { DEFAULT_LIMITS, type RelationshipState } from '../domain/relationship-state.ts';
import { copyProfile } from '../profiles/copy-profile.ts';
import { forgetPerson } from '../profiles/forget-person.ts';
import { findContradictions } from '../testing/find-contradictions.ts';
import { type FriendDatabase, openFriendDatabase } from '../testing/open-friend-database.ts';
import { bothWays } from '../testing/replay-events.ts';
import { createRelationships } from './change-relationship.ts';
import { inTransaction } from './in-transaction.ts';

// A command loads, decides, and saves without a lock in between: whatever others do between its load and its save, it
// must end as if it had come after them.

let db: FriendDatabase;
beforeAll(async () => {
  db = await openFriendDatabase();
});
afterAll(() => db?.close());
afterEach(async () => expect(await findContradictions(db.pool)).toEqual([]));

/** The relationships over connections on which `between` happens after the first statement of a command. */
function relationshipsWith(between: () => Promise<unknown>) {
  let statements = 0;
  const pool = new Proxy(db.pool, {
    get(target, key) {
      if (key !== 'query') return Reflect.get(target, key, target);
      return async (...args: Parameters<typeof db.pool.query>) => {
        const result = await db.pool.query(...args);
        statements += 1;
        if (statements === 1) await between();
        return result;
      };
    },
  }) as pg.Pool;
  return createRelationships({
    pool,
    limits: { ...DEFAULT_LIMITS, friendsPerList: 2 },
    moment: () => ({ now: new Date(), newId }),
    traceparent: () => undefined,
    learnProfiles: async () => {},
    afterCommit: async () => {},
  });
}

interface Cast {
  readonly ann: string;
  readonly bob: string;
  readonly cid: string;
}
const change = (viewerId: string, otherId: string, decide: (r: Relationship) => unknown) =>
  db.relationships.change({ viewerId, otherId }, decide);
const copy = (userId: string, nickname: string, friendPolicy: 'OPEN' | 'CLOSED') =>
  inTransaction(db.pool, (sql) =>
    copyProfile(sql, { userId, username: userId, nickname, avatarUrl: null, friendPolicy, version: 2 }, context()),
  );
const context = () => ({ now: new Date(), newId });

/** What happens between the load and the save of Ann's command about Bob, and how she sees it when she decides again. */
const MEANWHILE: {
  readonly what: string;
  readonly before?: (cast: Cast) => Promise<unknown>;
  readonly ann: (r: Relationship) => unknown;
  readonly meanwhile: (cast: Cast) => Promise<unknown>;
  readonly sees: (state: RelationshipState) => unknown;
  readonly ends?: string;
}[] = [
  {
    what: 'the other has asked',
    ann: (r) => r.add({}),
    meanwhile: async ({ ann, bob }) => {
      await db.pool.query(`UPDATE profile SET friend_policy = 'APPROVAL' WHERE user_id = $1`, [ann]);
      await change(bob, ann, (r) => r.add({}));
    },
    sees: ({ openRequest }) => openRequest !== null,
  },
  {
    what: 'the other has blocked the viewer',
    ann: (r) => r.add({}),
    meanwhile: ({ ann, bob }) => change(bob, ann, (r) => r.block()),
    sees: ({ other }) => other.blocks,
    ends: 'NOT_ALLOWED',
  },
  {
    what: 'the viewer has unblocked on another device',
    before: ({ ann, bob }) => change(ann, bob, (r) => r.block()),
    ann: (r) => r.unblock(),
    meanwhile: ({ ann, bob }) => change(ann, bob, (r) => r.unblock()),
    sees: ({ viewer }) => !viewer.blocks,
  },
  {
    what: 'the friendship has ended',
    before: ({ ann, bob }) => change(ann, bob, (r) => r.bind()),
    ann: (r) => r.update({ remark: 'Bobby' }),
    meanwhile: ({ ann, bob }) => change(bob, ann, (r) => r.remove()),
    sees: ({ viewer }) => viewer.friend === null,
    ends: 'NOT_FRIENDS',
  },
  {
    what: 'another remark was written',
    before: ({ ann, bob }) => change(ann, bob, (r) => r.bind()),
    ann: (r) => r.update({ pinned: true }),
    meanwhile: ({ ann, bob }) => change(ann, bob, (r) => r.update({ remark: 'Bobby' })),
    sees: ({ viewer }) => viewer.friend?.remark === 'Bobby',
  },
  {
    what: 'the other’s list has been filled',
    before: ({ bob }) => db.person().then((other) => change(other, bob, (r) => r.bind())),
    ann: (r) => r.bind(),
    meanwhile: ({ bob, cid }) => change(cid, bob, (r) => r.bind()),
    sees: ({ other }) => other.friendCount === 2,
    ends: 'FRIEND_LIMIT_REACHED',
  },
  {
    what: 'an import has bound the two',
    ann: (r) => r.bind(),
    meanwhile: ({ ann, bob }) => db.relationships.changeMany([{ viewerId: bob, otherId: ann }], (r) => r.bind()),
    sees: ({ viewer }) => viewer.friend !== null,
  },
  {
    what: 'the other, a friend, has a new nickname',
    before: ({ ann, bob }) => change(ann, bob, (r) => r.bind()),
    ann: (r) => r.update({ remark: 'Bobby' }),
    meanwhile: ({ bob }) => copy(bob, 'Robert', 'OPEN'),
    sees: ({ other }) => other.person.nickname === 'Robert',
  },
  {
    what: 'the other, a stranger, has a new nickname',
    ann: (r) => r.add({}),
    meanwhile: ({ bob }) => copy(bob, 'Robert', 'OPEN'),
    sees: ({ other }) => other.person.nickname === 'Robert',
  },
  {
    what: 'the other has closed their list',
    ann: (r) => r.add({}),
    meanwhile: ({ bob }) => copy(bob, 'Somebody', 'CLOSED'),
    sees: ({ other }) => other.person.friendPolicy === 'CLOSED',
    ends: 'NOT_ALLOWED',
  },
];

test.each(MEANWHILE)('$what: the command decides again', async ({ before, ann: decide, meanwhile, sees, ends }) => {
  const [ann, bob, cid] = (await db.people(3)) as [string, string, string];
  const cast = { ann, bob, cid };
  await before?.(cast);
  const seen: unknown[] = [];
  const command = relationshipsWith(() => meanwhile(cast)).change({ viewerId: ann, otherId: bob }, (r) => {
    seen.push(sees(r.state));
    return decide(r);
  });
  if (ends) await expect(command).rejects.toMatchObject({ code: ends });
  else await command;
  expect(seen).toEqual([false, true]);
  for (const ownerId of [ann, bob]) {
    const { rows, events } = await bothWays(db.pool, ownerId);
    expect(events).toEqual(rows);
  }
});

test.each<[string, { before?: (r: Relationship) => unknown; ann: (r: Relationship) => unknown }]>([
  ['a friendship that began', { ann: (r) => r.bind() }],
  ['a block', { ann: (r) => r.block() }],
  ['an unblocking', { before: (r) => r.block(), ann: (r) => r.unblock() }],
])('the other has left: nothing is left of %s', async (_, { before, ann: decide }) => {
  const [ann, bob] = (await db.people(2)) as [string, string];
  if (before) await change(ann, bob, before);
  const leave = () => inTransaction(db.pool, (sql) => forgetPerson(sql, bob, context()));
  const command = relationshipsWith(leave).change({ viewerId: ann, otherId: bob }, decide);
  await expect(command).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  const { rows } = await db.pool.query('SELECT FROM block WHERE $1 IN (owner_id, blocked_id)', [bob]);
  expect(rows).toEqual([]);
});

test('a request that was answered meanwhile is not answered otherwise', async () => {
  const [ann, bob] = (await db.people(2, { friendPolicy: 'APPROVAL' })) as [string, string];
  const { state } = await change(ann, bob, (r) => r.add({}));
  const { id } = state.openRequest!;
  const decline = () => db.relationships.changeRequest(bob, id, (r, request) => r.decline(request));
  const accepting = relationshipsWith(decline).changeRequest(bob, id, (r, request) => r.accept(request, null));
  await expect(accepting).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' });
  expect(await db.revisionOf(ann)).toBe(2);
});

test('who loses their turn changes nothing, and then waits for it in line', async () => {
  const [ann, bob] = (await db.people(2)) as [string, string];
  await change(ann, bob, (r) => r.bind());
  const holder = await db.pool.connect();
  try {
    const pair = { viewerId: ann, otherId: bob };
    const events = await db.count('outbox');
    const remarks: (string | null | undefined)[] = [];
    let done = false;
    const command = relationshipsWith(async () => {
      await change(ann, bob, (r) => r.update({ remark: 'meanwhile' }));
      await holder.query('BEGIN');
      await holder.query('SELECT FROM friend_list WHERE owner_id = $1 FOR UPDATE', [bob]);
    })
      .change(pair, (r) => {
        remarks.push(r.state.viewer.friend?.remark);
        return r.update({ remark: 'mine' });
      })
      .then(() => {
        done = true;
      });
    const someoneWaits = async () => {
      const { rows } = await db.pool.query(
        `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    };
    await eventually('it waits for the list', someoneWaits);
    expect([done, remarks, await db.count('outbox')]).toEqual([false, [null], events + 1]);
    await holder.query('COMMIT');
    await command;
    expect([remarks, await db.revisionOf(ann)]).toEqual([[null, 'meanwhile'], 3]);
  } finally {
    holder.release();
  }
});
