import { type SqlConnection, transactionsWith } from '@kith/event-delivery';
import type pg from 'pg';
import { OWN_CIRCLES } from '../contracts/circle-events.ts';
import { type CircleFact, type CircleLimits, type CircleState, loseAccount } from '../rules/circle.ts';
import { CircleRefused } from '../rules/refusal.ts';
import { lockCircle } from './read-circles.ts';
import { saveCircle } from './save-circle.ts';

export interface CirclesOptions {
  readonly pool: pg.Pool;
  readonly limits: CircleLimits;
  readonly newId: () => string;
  readonly now: () => Date;
  readonly traceparent: () => string | undefined;
  /** Wakes the relay. */
  readonly committed: () => void;
}

export type Decide = (circle: CircleState, now: Date) => CircleFact[];

/** Commands: state loaded and locked, the rule asked, rows and events saved, in one transaction. */
export interface Circles {
  /** Answers the new circle's id. */
  create(ownerId: string, name: string): Promise<string>;
  /** CircleRefused CIRCLE_NOT_FOUND, or what the rule says. `userIds`: whom the rule looks at. */
  change(circleId: string, userIds: readonly string[], decide: Decide): Promise<void>;
  /** Takes somebody whose account is gone out of all circles; any number of times. */
  forget(userId: string): Promise<void>;
}

/** Who lost to others tries again: a command runs several times at most. */
const inTransaction = transactionsWith({ settings: "SET LOCAL lock_timeout = '2s'", maxTries: 5 });

export function createCircles({ pool, limits, newId, now, traceparent, committed }: CirclesOptions): Circles {
  const stamp = () => ({ newId, now: now(), traceparent: traceparent() });

  async function save(sql: SqlConnection, circle: CircleState, facts: readonly CircleFact[]): Promise<void> {
    await saveCircle(sql, circle, facts, stamp());
    // Behind the lock that counting took of each person's list.
    for (const fact of facts) if (fact.name === 'joined') await refuseTooMany(sql, fact.member.userId);
  }

  async function refuseTooMany(sql: SqlConnection, userId: string): Promise<void> {
    const { rows } = await sql.query<{ circles: number; gone: boolean }>(
      `SELECT (SELECT count(*)::int FROM circle_member WHERE user_id = $1) AS circles,
         EXISTS (SELECT FROM person_gone WHERE user_id = $1) AS gone`,
      [userId],
    );
    if (rows[0]?.gone) throw new CircleRefused('ACCOUNT_GONE', 'Your account is gone: sign up again.');
    if ((rows[0]?.circles ?? 0) <= limits.circlesPerPerson) return;
    throw new CircleRefused('TOO_MANY_CIRCLES', `A person is in at most ${limits.circlesPerPerson} circles.`);
  }

  async function change(circleId: string, userIds: readonly string[], decide: Decide): Promise<void> {
    await inTransaction(pool, async (sql) => {
      const circle = await lockCircle(sql, circleId, userIds);
      if (!circle) throw new CircleRefused('CIRCLE_NOT_FOUND', 'There is no such circle.', { field: 'circleId' });
      await save(sql, circle, decide(circle, now()));
    });
    committed();
  }

  return {
    async create(ownerId, name) {
      const id = newId();
      await inTransaction(pool, async (sql) => {
        const at = now();
        await sql.query('INSERT INTO circle VALUES ($1, $2, 0, 0, $3)', [id, name, at]);
        const circle = { id, name, memberCount: 0, ownerCount: 0, members: new Map(), heir: undefined };
        await save(sql, circle, [{ name: 'joined', member: { userId: ownerId, role: 'OWNER', joinedAt: at } }]);
      });
      committed();
      return id;
    },
    change,
    async forget(userId) {
      const circleIds = await inTransaction(pool, async (sql) => {
        // A command of theirs that counts on the list meanwhile is either seen below, or sees that they are gone.
        await sql.query(
          `INSERT INTO live_list VALUES ($1, $2, 0)
           ON CONFLICT (kind, owner_id) DO UPDATE SET revision = live_list.revision`,
          [OWN_CIRCLES, userId],
        );
        await sql.query('INSERT INTO person_gone VALUES ($1) ON CONFLICT DO NOTHING', [userId]);
        const { rows } = await sql.query<{ circle_id: string }>(
          'SELECT circle_id FROM circle_member WHERE user_id = $1 ORDER BY circle_id',
          [userId],
        );
        return rows.map((row) => row.circle_id);
      });
      for (const circleId of circleIds) {
        await change(circleId, [userId], (circle) => loseAccount(circle, userId)).catch((error) => {
          if (!(error instanceof CircleRefused && error.code === 'CIRCLE_NOT_FOUND')) throw error;
        });
      }
    },
  };
}
