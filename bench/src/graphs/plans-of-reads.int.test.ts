import { createTestDatabase } from '@kith/migrations';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AskedAbout, type ReadOfAScreen, readsOfScreens } from '../system/reads-of-screens.ts';
import { type Explained, explained, explaining } from './explain-statements.ts';
import { type FilledGraph, fillDatabases } from './fill-databases.ts';

// What statements cost at 50,000 people and 1,000,000 entries of lists, in pages and plans: never in time.

const PEOPLE = 50_000;

let friend: Awaited<ReturnType<typeof createTestDatabase>>;
let user: Awaited<ReturnType<typeof createTestDatabase>>;
let pools: { friend: pg.Pool; user: pg.Pool };
let graph: FilledGraph;
beforeAll(async () => {
  [friend, user] = await Promise.all([createTestDatabase('friend'), createTestDatabase('user')]);
  graph = await fillDatabases({ people: PEOPLE, friendUrl: friend.url, userUrl: user.url });
  pools = {
    friend: new pg.Pool({ connectionString: friend.url, max: 1 }),
    user: new pg.Pool({ connectionString: user.url, max: 1 }),
  };
});
afterAll(async () => {
  await Promise.all([pools?.friend.end(), pools?.user.end()]);
  await Promise.all([friend?.drop(), user?.drop()]);
});

/** Of persons 0 to 2, who have most friends, and of some whom chance chose. */
const VIEWERS = [0, 1, 2, 12_345, 33_333, 49_999];

/** Pages for a statement that finds nothing; and for each row that it answers or has to count. */
const BASE = 60;

async function statementsOf(run: ReadOfAScreen['run'], ids: AskedAbout): Promise<Explained[]> {
  const statements: Explained[] = [];
  await explaining(pools, statements, (explainedPools) => run(explainedPools, ids));
  return statements;
}

const readNamed = (name: string) => readsOfScreens.find((read) => read.name === name)!.run;

describe.each(readsOfScreens)('$name', ({ run, pagesPerRow, rowsAtMost }) => {
  test.each(VIEWERS)('of person %i scans no table that grows, and reads few pages', async (viewer) => {
    const ids = { viewerId: graph.idOf(viewer), otherId: graph.idOf((viewer + 1) % PEOPLE) };
    const statements = await statementsOf(run, ids);
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) {
      expect(statement.scans, statement.text).toEqual([]);
      expect(statement.pages, statement.text).toBeLessThan(
        BASE + pagesPerRow * Math.max(1, rowsAtMost ?? statement.rows),
      );
    }
  });
});

test('what the best connected are to two people is found without reading their lists', async () => {
  const ids = { viewerId: graph.idOf(0), otherId: graph.idOf(1) };
  for (const { mostRowsRead, text } of await statementsOf(readNamed('relations to people on a page'), ids)) {
    expect(mostRowsRead, text).toBeLessThan(10);
  }
});

test('whom everybody blocks is answered without reading all of these, by the index that a large graph makes cheaper', async () => {
  const [blocked, other] = [graph.idOf(45_678), graph.idOf(45_679)];
  await pools.friend.query('BEGIN');
  await pools.friend.query(
    'INSERT INTO block (owner_id, blocked_id, since) SELECT user_id, $1, now() FROM profile ON CONFLICT DO NOTHING',
    [blocked],
  );
  await pools.friend.query('ALTER TABLE block DROP CONSTRAINT block_pkey');
  for (const ids of [
    { viewerId: blocked, otherId: other },
    { viewerId: other, otherId: blocked },
  ]) {
    for (const { mostRowsRead, text } of await statementsOf(readNamed('friends in common'), ids)) {
      expect(mostRowsRead, text).toBeLessThan(1_000);
    }
  }
  await pools.friend.query('ROLLBACK');
});

test('a scan of a table that grows is seen', async () => {
  const { scans } = await explained(pools.friend, {
    text: 'SELECT count(*) FROM profile WHERE nickname = $1',
    values: ['x'],
  });
  expect(scans).toEqual(['profile']);
});
