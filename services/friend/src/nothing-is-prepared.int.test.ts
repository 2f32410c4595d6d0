import { eventually } from '@kith/local-servers';
import { afterEach, expect, test } from 'vitest';
import { codesOf, startFriendServiceForTest, type TestFriendService } from './testing/start-friend-service-for-test.ts';

let friend: TestFriendService;
afterEach(() => friend?.stop());

const ADD = 'mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }';
/** Postgres' own log of statements would say it; so does what each session executed last, seen again and again. */
const LAST = `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'kith-friend-%'`;

test.each([
  ['off', false],
  ['auto', true],
] as const)('with PREPARED_STATEMENTS=%s the relay prepares: %s', async (PREPARED_STATEMENTS, prepares) => {
  friend = await startFriendServiceForTest({ PREPARED_STATEMENTS });
  const seen = new Set<string>();
  const people = await Promise.all(Array.from({ length: 6 }, () => friend.users.signUp()));
  for (const [at, one] of people.slice(1).entries()) {
    const added = await (await friend.as(people[at]!))(ADD, { variables: { input: { userId: one } } });
    expect(codesOf(added)).toEqual([]);
    for (const { query } of (await friend.pool.query(LAST)).rows) seen.add(query);
  }
  await eventually('every event is published, and the relay is seen at rest', async () => {
    for (const { query } of (await friend.pool.query(LAST)).rows) seen.add(query);
    const { rowCount } = await friend.pool.query('SELECT FROM outbox WHERE published_at IS NULL LIMIT 1');
    return rowCount === 0 && [...seen].some((query) => /kith_is_relay|kith\.is_relay|kith_next_batch/.test(query));
  });
  expect([...seen].some((query) => /\b(?:EXECUTE|PREPARE) kith_/.test(query))).toBe(prepares);
});
