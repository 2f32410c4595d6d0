import type { SqlConnection } from '@kith/event-delivery';
import { currentTraceparent, KithError } from '@kith/service-kit';
import type pg from 'pg';
import { v7 as newId } from 'uuid';
import type { FriendLimits } from '../domain/relationship-state.ts';
import { storeFirstCopies } from '../profiles/store-first-copies.ts';
import type { UserService } from '../profiles/user-service.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import type { ChangedLists } from '../relationships/relationships.ts';
import { refusePairs } from './refuse-pairs.ts';
import { strangersIn } from './stage-pairs.ts';
import { writeFriends, writeLists } from './write-lists.ts';

export interface InitialImportOptions {
  readonly pool: pg.Pool;
  readonly users: UserService;
  readonly limits: FriendLimits;
  /** After the commit: reads must find these revisions from now on. */
  readonly committed: (changed: ChangedLists) => Promise<void>;
  readonly onProgress: (lists: number, of: number) => Promise<void>;
}

export interface InitiallyImported {
  readonly bound: number;
  /** Lines that name a pair once more. */
  readonly existing: number;
  readonly failedCount: number;
  /** The first of them. */
  readonly failed: readonly { line: number; code: string; message: string }[];
}

/** One at a time in a database, whichever process asks. */
const LOCK = 7_204_515_330;
const MOST_REPORTED = 100;
const PROFILES_AT_ONCE = 1_000;

const BEGIN = `SELECT pg_try_advisory_xact_lock(${LOCK}) AS alone,
  set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`;

const IS_EMPTY = `SELECT NOT (
  EXISTS (SELECT FROM friend) OR EXISTS (SELECT FROM friend_request) OR EXISTS (SELECT FROM block)
  OR EXISTS (SELECT FROM friend_list WHERE revision > 0 OR hidden_changes > 0)) AS empty`;

// Profiles before lists, both in the order of ids: as everybody here takes these locks.
const LOCK_PEOPLE = `
  WITH people AS MATERIALIZED (
    SELECT user_id FROM profile WHERE NOT deleted AND user_id IN (
      SELECT one FROM bulk_import.pair WHERE import_id = $1 UNION SELECT other FROM bulk_import.pair WHERE import_id = $1)
    ORDER BY user_id FOR SHARE),
  lists AS MATERIALIZED (
    SELECT revision, hidden_changes FROM friend_list
    WHERE owner_id IN (SELECT user_id FROM people) AND (SELECT count(*) FROM people) >= 0
    ORDER BY owner_id FOR UPDATE)
  SELECT count(*)::int AS lists, (count(*) FILTER (WHERE revision > 0 OR hidden_changes > 0))::int AS moved FROM lists`;

const COUNT = `
  SELECT count(*)::int AS pairs, (count(*) FILTER (WHERE refused IS NOT NULL))::int AS refused
  FROM bulk_import.pair WHERE import_id = $1`;

const REFUSED = `
  SELECT line, refused AS code, because AS message FROM bulk_import.pair
  WHERE import_id = $1 AND refused IS NOT NULL ORDER BY line LIMIT ${MOST_REPORTED}`;

const FORGET = 'DELETE FROM bulk_import.pair WHERE import_id = $1';

/**
 * Bulk load: makes friends of all staged pairs of an import, where nobody has a friend yet, in ONE transaction: rows,
 * revisions, and for each list one event that carries it whole (or in parts). Until it commits nobody sees anything of
 * it, and when it does not, the import can begin anew.
 *
 * @param pairs how many were sent
 * @throws {KithError} NOT_ALLOWED where there are friendships, requests or blocks already; BAD_USER_INPUT when not all
 *   pairs are here, for another import began meanwhile, or Postgres broke down
 */
export async function importInitialLists(
  { importId, pairs }: { importId: string; pairs: number },
  options: InitialImportOptions,
): Promise<InitiallyImported> {
  const { pool, limits, committed, onProgress } = options;
  await learnStrangers(importId, options);
  const imported = await inTransaction(pool, async (sql) => {
    await refuseUnlessEmpty(sql);
    const lists = await lockPeople(sql, importId);
    await refusePairs(sql, importId, limits);
    const counted = await countPairs(sql, importId);
    if (counted.pairs !== pairs) throw notAllHere(counted.pairs, pairs);
    const now = new Date();
    const rows = await writeFriends(sql, importId, now);
    let done = 0;
    await writeLists(sql, {
      since: now,
      stamp: { newId, traceparent: currentTraceparent() },
      onLists(more) {
        done += more;
        return onProgress(done, lists);
      },
    });
    const failed = await sql.query<{ line: string; code: string; message: string }>(REFUSED, [importId]);
    await sql.query(FORGET, [importId]);
    return {
      bound: rows / 2,
      existing: pairs - counted.refused - rows / 2,
      failedCount: counted.refused,
      failed: failed.rows.map(({ line, ...because }) => ({ line: Number(line), ...because })),
    };
  });
  await raiseFloors(pool, committed);
  return imported;
}

/** Nobody else imports, and there is nothing that an import would have to go by. */
export async function refuseUnlessEmpty(sql: SqlConnection): Promise<void> {
  const { rows: begun } = await sql.query<{ alone: boolean }>(BEGIN);
  if (!begun[0]?.alone) throw new KithError('NOT_ALLOWED', 'Another initial import is under way: wait for its end.');
  const { rows } = await sql.query<{ empty: boolean }>(IS_EMPTY);
  if (!rows[0]?.empty) throw notEmpty();
}

/** Read-through, of many at once: people who signed up a moment ago, or were made by this import. */
async function learnStrangers(importId: string, { pool, users }: InitialImportOptions): Promise<void> {
  const strangers = (await strangersIn(pool, importId)).sort();
  for (let at = 0; at < strangers.length; at += PROFILES_AT_ONCE) {
    const found = await users.profiles(strangers.slice(at, at + PROFILES_AT_ONCE));
    const profiles = found.filter(({ deleted }) => !deleted);
    await inTransaction(pool, (sql) => storeFirstCopies(sql, profiles));
  }
}

/** How many lists are locked. */
async function lockPeople(sql: SqlConnection, importId: string): Promise<number> {
  await sql.query('ANALYZE bulk_import.pair');
  const { rows } = await sql.query<{ lists: number; moved: number }>(LOCK_PEOPLE, [importId]);
  const { lists = 0, moved = 0 } = rows[0] ?? {};
  // Somebody has made a friend, or blocked somebody, since it was looked whether anybody has.
  if (moved > 0) throw notEmpty();
  return lists;
}

async function countPairs(sql: SqlConnection, importId: string): Promise<{ pairs: number; refused: number }> {
  const { rows } = await sql.query<{ pairs: number; refused: number }>(COUNT, [importId]);
  return rows[0] ?? { pairs: 0, refused: 0 };
}

const MOVED_AFTER = `
  SELECT owner_id, revision FROM friend_list WHERE owner_id > $1 AND revision > 0 ORDER BY owner_id LIMIT 500`;

/** A list that was read while it was empty is read anew. Should the process die before, the events do it. */
async function raiseFloors(pool: pg.Pool, committed: InitialImportOptions['committed']): Promise<void> {
  for (let after: string | undefined = '00000000-0000-0000-0000-000000000000'; after !== undefined; ) {
    const { rows }: pg.QueryResult<{ owner_id: string; revision: string }> = await pool.query(MOVED_AFTER, [after]);
    const revisions = new Map(rows.map((row) => [row.owner_id, Number(row.revision)]));
    await committed({ events: [], revisions });
    after = rows.at(-1)?.owner_id;
  }
}

function notEmpty(): KithError {
  return new KithError(
    'NOT_ALLOWED',
    'The system is not empty: an initial import is for one without friendships, requests and blocks. Import without --initial.',
  );
}

function notAllHere(found: number, expected: number): KithError {
  return new KithError(
    'BAD_USER_INPUT',
    `Of ${expected} pairs ${found} are here: another import began meanwhile, or Postgres broke down. Begin anew.`,
    { field: 'pairs' },
  );
}
