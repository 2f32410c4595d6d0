import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool } from '@kith/service-kit';
import type pg from 'pg';
import { v7 as newId } from 'uuid';
import { DEFAULT_LIMITS, type FriendLimits } from '../domain/relationship-state.ts';
import { type Profile, storeProfile } from '../profiles/store-profile.ts';
import { createRelationships } from '../relationships/change-relationship.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import type { ChangedLists, Relationships } from '../relationships/relationships.ts';

export interface FriendDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly relationships: Relationships;
  /** As of another process: the two know of each other only what Postgres tells them. */
  readonly elsewhere: Relationships;
  /** What was committed, in the order in which it was heard of. */
  readonly committed: ChangedLists[];
  /** Somebody whose profile is known here. */
  person(profile?: Partial<Profile>): Promise<string>;
  people(count: number, profile?: Partial<Profile>): Promise<string[]>;
  count(table: string): Promise<number>;
  revisionOf(ownerId: string): Promise<number>;
  close(): Promise<void>;
}

/** A friend database of its own with the relationships over it, and no other server. */
export async function openFriendDatabase(
  options: { limits?: Partial<FriendLimits>; connections?: number } = {},
): Promise<FriendDatabase> {
  const database = await createTestDatabase('friend');
  const log = createLog({ name: 'test', level: 'silent' });
  const pool = createPool({ url: database.url, name: 'friend-test', log, max: options.connections ?? 12 });
  const committed: ChangedLists[] = [];

  async function person(profile: Partial<Profile> = {}): Promise<string> {
    const userId = newId();
    const known = { userId, username: userId.slice(-12), nickname: 'Somebody', avatarUrl: null, version: 1 };
    await inTransaction(pool, (sql) => storeProfile(sql, { ...known, friendPolicy: 'OPEN', ...profile }));
    return profile.userId ?? userId;
  }

  const open = () =>
    createRelationships({
      pool,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      moment: () => ({ now: new Date(), newId }),
      traceparent: () => undefined,
      learnProfiles: async () => {},
      afterCommit: async (changed) => void committed.push(changed),
    });

  return {
    url: database.url,
    pool,
    committed,
    relationships: open(),
    elsewhere: open(),
    person,
    async people(count, profile) {
      const ids: string[] = [];
      for (let made = 0; made < count; made += 1) ids.push(await person(profile));
      return ids;
    },
    async count(table) {
      const { rows } = await pool.query<{ count: number }>(`SELECT count(*)::int FROM ${table}`);
      return rows[0]!.count;
    },
    async revisionOf(ownerId) {
      const { rows } = await pool.query('SELECT revision FROM friend_list WHERE owner_id = $1', [ownerId]);
      return Number(rows[0]?.revision ?? -1);
    },
    async close() {
      await pool.end();
      await database.drop();
    },
  };
}
