import { readFileSync } from 'node:fs';
import { createTestDatabase } from '@kith/migrations';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Relationship } from '../../domain/relationship.ts';
import { loadList } from '../../lists/load-list.ts';
import { loadRevisions } from '../../lists/load-revisions.ts';
import { readEvents } from '../../lists/read-events.ts';
import { copyProfile } from '../../profiles/copy-profile.ts';
import { forgetPerson } from '../../profiles/forget-person.ts';
import { readBlockedUsers } from '../../queries/read-blocked-users.ts';
import { readFriendRequests } from '../../queries/read-friend-requests.ts';
import { readMutualFriends } from '../../queries/read-mutual-friends.ts';
import { readRelations } from '../../queries/read-relations.ts';
import { readWhoBlocks } from '../../queries/read-who-blocks.ts';
import { standingOfLists } from '../../queries/standing-of-lists.ts';
import { suggestFriends } from '../../queries/suggest-friends.ts';
import { inTransaction } from '../../relationships/in-transaction.ts';
import { type FriendDatabase, openFriendDatabase } from '../open-friend-database.ts';
import { DISTRIBUTION, isReference } from './distribution.ts';
import { judgeStatement } from './judge-statement.ts';
import { columnsOf, overTwoDatabases, StatementRefused, spreadRows, type TwoDatabases } from './two-databases.ts';

interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly rows: readonly Record<string, unknown>[];
}

let db: FriendDatabase;
let two: TwoDatabases;
let columns: Awaited<ReturnType<typeof columnsOf>>;
let close: (() => Promise<unknown>)[] = [];
let sent: Sent[] = [];
let [ann, bob, cem, dia, eve] = ['', '', '', '', ''];

beforeAll(async () => {
  db = await openFriendDatabase();
  columns = await columnsOf(db.pool);
  // Ends of ids by which both nodes have owners.
  const ids = ['0', '1', '2', '3', '4'].map((end) => newId().slice(0, -1) + end);
  for (const userId of ids) await db.person({ userId });
  [ann, bob, cem, dia, eve] = ids as [string, string, string, string, string];
  for (const [one, other] of [
    [ann, bob],
    [bob, cem],
    [bob, dia],
    [cem, dia],
  ] as const)
    await befriend(one, other);
  await db.relationships.change({ viewerId: ann, otherId: eve }, (r) => r.block());
  const approving = await db.person({ friendPolicy: 'APPROVAL' });
  await db.relationships.change({ viewerId: ann, otherId: approving }, (r) => r.add({ message: 'Hi' }));

  const databases = await Promise.all([createTestDatabase('friend'), createTestDatabase('friend')]);
  const pools = databases.map(({ url }) => new pg.Pool({ connectionString: url, max: 2 })) as [pg.Pool, pg.Pool];
  close = [...pools.map((pool) => () => pool.end()), ...databases.map(({ drop }) => drop)];
  two = overTwoDatabases(pools, columns);
  await spreadRows(db.pool, two);
  db.pool.on('connect', record);
  // Those that are there do not record.
  for (const client of (db.pool as unknown as { _clients: pg.PoolClient[] })._clients) record(client);
});
afterAll(async () => {
  for (const each of close) await each();
  await db?.close();
});

const befriend = (viewerId: string, otherId: string) => db.relationships.change({ viewerId, otherId }, (r) => r.bind());

type Told = (error: Error | undefined, result?: pg.QueryResult) => void;

/** Pools ask with a callback, transactions without. */
function record(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...given: unknown[]) => Promise<pg.QueryResult>;
  client.query = ((...given: unknown[]) => {
    const told = given.at(-1);
    if (typeof told !== 'function') return query(...given).then((result) => keep(given, result));
    const tell: Told = (error, result) => (told as Told)(error, result && keep(given, result));
    return query(...given.slice(0, -1), tell);
  }) as typeof client.query;
}

function keep([given, bound]: unknown[], result: pg.QueryResult): pg.QueryResult {
  const { text, values } = typeof given === 'string' ? { text: given, values: bound } : (given as pg.QueryConfig);
  const isData = !/^\s*(?:BEGIN|COMMIT|ROLLBACK|SET|PREPARE|SELECT (?:pg_|set_config))/.test(text);
  if (isData) sent.push({ text, values: Array.isArray(values) ? values : [], rows: result.rows });
  return result;
}

async function statementsOf(work: () => Promise<unknown>): Promise<Sent[]> {
  sent = [];
  await work();
  return sent;
}
const refusalsOf = async (statements: readonly Sent[]) => {
  const verdicts = await Promise.all(statements.map(({ text, values }) => judgeStatement(text, values, columns)));
  return [...new Set(verdicts.flatMap((verdict) => ('refused' in verdict ? [verdict.refused] : [])))].sort();
};

const page = { first: 10, after: null };
type Operation = readonly [name: string, work: () => Promise<unknown>];

const TAKEN: readonly Operation[] = [
  ['a list read whole', () => loadList(db.pool, ann)],
  ['where lists stand', () => loadRevisions(db.pool, [ann, bob, cem])],
  ['what own lists stand at', () => db.pool.query(standingOfLists([ann, bob]))],
  ['the events of a list', () => readEvents(db.pool, ann, 0, 100)],
  ['blocked users', () => readBlockedUsers(db.pool, ann, page)],
  ['open requests', () => readFriendRequests(db.pool, ann, { direction: 'OUTGOING', ...page })],
  ['who blocks', () => readWhoBlocks(db.pool, eve, [ann, bob])],
  ['relations to others', () => readRelations(db.pool, ann, [bob, cem, eve])],
];

const moment = () => ({ now: new Date(), newId });
const renamed = (userId: string) => ({
  ...{ userId, username: 'renamed', nickname: 'Renamed', avatarUrl: null },
  ...{ friendPolicy: 'OPEN' as const, version: 2 },
});
const change = (other: () => string, decide: (r: Relationship) => unknown) => () =>
  db.relationships.change({ viewerId: ann, otherId: other() }, decide);
const bindMany = () => db.relationships.changeMany([{ viewerId: dia, otherId: eve }], (r) => r.bind());

const JOINS = 'joins rows of several owners';
const LOCKS = 'locks rows of several owners';
const WRITES = 'writes rows of several owners in one statement';
const BOTH = 'writes a reference table and a distributed one in one statement';

const REFUSED: readonly (readonly [...Operation, ...reasons: string[]])[] = [
  ['mutual friends', () => readMutualFriends(db.pool, { viewerId: ann, otherId: cem }, page), JOINS],
  ['suggestions', () => suggestFriends(db.pool, ann, 10), JOINS],
  [
    'a command about two people',
    change(
      () => bob,
      (r) => r.update({ remark: 'R' }),
    ),
    JOINS,
    WRITES,
  ],
  [
    'a friendship begun',
    change(
      () => cem,
      (r) => r.bind(),
    ),
    JOINS,
    WRITES,
  ],
  [
    'a block',
    change(
      () => dia,
      (r) => r.block(),
    ),
    JOINS,
    WRITES,
  ],
  ['an import', bindMany, JOINS, LOCKS, BOTH, WRITES],
  ['a first copy of a profile', () => db.person(), BOTH],
  ['a renamed person', () => inTransaction(db.pool, (sql) => copyProfile(sql, renamed(bob), moment())), LOCKS, WRITES],
  [
    'a deleted account',
    () => inTransaction(db.pool, (sql) => forgetPerson(sql, eve, moment())),
    JOINS,
    LOCKS,
    BOTH,
    WRITES,
  ],
];

const inAnyOrder = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();

test.each(TAKEN)('the engine takes it, and two databases answer as one does: %s', async (_name, work) => {
  const statements = await statementsOf(work);
  expect(statements.length).toBeGreaterThan(0);
  expect(await refusalsOf(statements)).toEqual([]);
  for (const { text, values, rows } of statements) {
    expect(inAnyOrder(await two.query(text, values))).toEqual(inAnyOrder(rows));
  }
});

test('both databases have rows of their own, and what the engine would refuse reaches neither', async () => {
  const counts = async () =>
    Promise.all(two.nodes.map(async (node) => (await node.query('SELECT FROM friend')).rowCount));
  const before = await counts();
  expect(before.every((count) => (count ?? 0) > 0)).toBe(true);
  const everyone = [ann, bob, cem, dia, eve];
  expect(new Set(everyone.map(two.nodeOf)).size).toBe(2);
  await expect(two.query('DELETE FROM friend WHERE owner_id = $1 OR friend_id = $1', [ann])).rejects.toThrow(WRITES);
  await expect(two.query('SELECT FROM friend_list WHERE owner_id = ANY ($1) FOR UPDATE', [everyone])).rejects.toThrow(
    LOCKS,
  );
  await expect(two.query('SELECT count(*) FROM friend')).rejects.toBeInstanceOf(StatementRefused);
  expect(await counts()).toEqual(before);
  await two.query('DELETE FROM friend WHERE owner_id = $1', [ann]);
  expect(await counts()).not.toEqual(before);
});

test.each(REFUSED.map(([name, work, ...reasons]) => ({ name, work, reasons })))(
  'the engine does not take it as it is: $name',
  async ({ work, reasons }) => {
    expect(await refusalsOf(await statementsOf(work))).toEqual(reasons);
  },
);

test('every unique key holds the distribution column, but those that are told', async () => {
  const { rows } = await db.pool.query<{ table: string; key: string; columns: string[] }>(`
    SELECT CASE nspname WHEN 'public' THEN relname ELSE nspname || '.' || relname END AS table,
      indexrelid::regclass::text AS key,
      ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey[0:indnkeyatts - 1])) AS columns
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE indisunique AND nspname IN ('public', 'event_archive') AND relname NOT LIKE '\\_prisma%'`);
  expect([...new Set(rows.map(({ table }) => table))].sort()).toEqual(Object.keys(DISTRIBUTION).sort());
  const misfits = rows.filter(({ table, columns: key }) => !isReference(table) && !key.includes(DISTRIBUTION[table]!));
  expect(misfits.map(({ key }) => key).sort()).toEqual(NOT_BY_OWNER);
});

const NOT_BY_OWNER = ['event_archive.outbox_pkey', 'outbox_event_id_key', 'outbox_pkey'];

test('what does not fit is told in the documentation, with the reason', () => {
  const page = readFileSync(
    new URL('../../../../../docs/runbooks/friend-database-by-owner.md', import.meta.url),
    'utf8',
  );
  for (const [name, , ...reasons] of REFUSED) expect(page).toContain(`| ${name} | ${reasons.join('; ')} |`);
  for (const key of NOT_BY_OWNER) expect(page).toContain(`\`${key}\``);
  for (const [table, column] of Object.entries(DISTRIBUTION))
    expect(page).toContain(`| \`${table}\` | \`${column}\` |`);
});
