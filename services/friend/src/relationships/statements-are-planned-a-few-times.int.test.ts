import { createLog, createPool } from '@kith/service-kit';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { DEFAULT_LIMITS } from '../domain/relationship-state.ts';
import { type FriendDatabase, openFriendDatabase } from '../testing/open-friend-database.ts';
import { createRelationships } from './change-relationship.ts';

let db: FriendDatabase;
beforeAll(async () => {
  db = await openFriendDatabase();
});
afterAll(() => db?.close());

const between = (viewerId: string, otherId: string) => ({ viewerId, otherId });

// Behind a pooler statements have no names, since the next session may not know them: each is planned each time.
const onSessions = test.runIf(inject('poolerPort') === null);

onSessions('the statements of a change are planned a few times a connection, and not at every change', async () => {
  const pool = createPool({ url: db.url, name: 'plans', log: createLog({ name: 'test', level: 'silent' }), max: 1 });
  try {
    const relationships = createRelationships({
      pool,
      limits: DEFAULT_LIMITS,
      moment: () => ({ now: new Date(), newId }),
      traceparent: () => undefined,
      learnProfiles: async () => {},
      afterCommit: async () => {},
    });
    const [a, b] = (await db.people(2, { friendPolicy: 'APPROVAL' })) as [string, string];
    for (let round = 0; round < 12; round += 1) {
      const { state } = await relationships.change(between(a, b), (r) => r.add({ message: 'Hi' }));
      await relationships.changeRequest(b, state.openRequest!.id, (r, request) => r.accept(request, null));
      await relationships.change(between(a, b), (r) => r.update({ remark: `remark ${round}` }));
      await relationships.change(between(a, b), (r) => r.remove());
      await relationships.change(between(b, a), (r) => r.block());
      await relationships.change(between(b, a), (r) => r.unblock());
    }
    const { rows } = await pool.query<{ custom: number; all: number }>(
      `SELECT custom_plans::int AS custom, (custom_plans + generic_plans)::int AS all
       FROM pg_prepared_statements ORDER BY 2 DESC`,
    );
    expect(rows.map(({ all }) => all)).toEqual([72, 12, 12, 12, 12, 12, 12]);
    // Postgres tries five plans for the values at hand before it keeps one for any.
    expect(rows.filter(({ custom }) => custom > 5)).toEqual([]);
  } finally {
    await pool.end();
  }
});
