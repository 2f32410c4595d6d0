import { createTestDatabase } from '@kith/migrations';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readsOfScreens } from '../system/reads-of-screens.ts';
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

describe.each(readsOfScreens)('$name', ({ run, pagesPerRow, rowsAtMost }) => {
  test.each(VIEWERS)('of person %i scans no table that grows, and reads few pages', async (viewer) => {
    const ids = { viewerId: graph.idOf(viewer), otherId: graph.idOf((viewer + 1) % PEOPLE) };
    const statements: Explained[] = [];
    await explaining(pools, statements, (explainedPools) => run(explainedPools, ids));
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) {
      expect(statement.scans, statement.text).toEqual([]);
      expect(statement.pages, statement.text).toBeLessThan(
        BASE + pagesPerRow * Math.max(1, rowsAtMost ?? statement.rows),
      );
    }
  });
});

test('a scan of a table that grows is seen', async () => {
  const { scans } = await explained(pools.friend, {
    text: 'SELECT count(*) FROM profile WHERE nickname = $1',
    values: ['x'],
  });
  expect(scans).toEqual(['profile']);
});
