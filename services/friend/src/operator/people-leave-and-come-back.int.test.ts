import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startFriendServiceForTest, type TestFriendService } from '../testing/start-friend-service-for-test.ts';

let service: TestFriendService;
let ann: string;
let bob: string;
beforeAll(async () => {
  service = await startFriendServiceForTest();
});
afterAll(() => service?.stop());
beforeEach(async () => {
  [ann, bob] = [await service.users.signUp(), await service.users.signUp()];
  expect(await operate('import-friendships', { pairs: [[ann, bob]] })).toMatchObject({ bound: 1 });
});

async function operate(path: string, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${service.operatorKey}`, 'content-type': 'application/json' };
  const response = await fetch(`${service.url}/operator/${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  return response.json();
}

async function copyOf(userId: string): Promise<{ deleted: boolean; friends: number; nickname: string }> {
  const { rows } = await service.pool.query(
    `SELECT deleted, nickname, (SELECT count(*)::int FROM friend WHERE friend_id = $1) AS friends
     FROM profile WHERE user_id = $1`,
    [userId],
  );
  return rows[0];
}

const GONE = { deleted: true, username: '', nickname: '', avatarUrl: null, version: 2 };

test('who has deleted their account, of which nothing was heard here, leaves the lists of their friends', async () => {
  service.users.putBack(bob, GONE);
  expect(await operate('copy-profiles', { owners: [bob] })).toEqual({ copied: 1, forgotten: 0 });
  expect(await copyOf(bob)).toEqual({ deleted: true, friends: 0, nickname: '' });
  const { rows } = await service.pool.query('SELECT type FROM outbox WHERE owner_id = $1 ORDER BY revision DESC', [
    ann,
  ]);
  expect(rows[0].type).toBe('kith.friend.removed.v1');
  // And stays so, however often it is asked for.
  expect(await operate('copy-profiles', { owners: [bob] })).toEqual({ copied: 1, forgotten: 0 });
  expect(await copyOf(bob)).toEqual({ deleted: true, friends: 0, nickname: '' });
});

test('who leaves while their profile is taken anew stays forgotten', async () => {
  const leaving = await service.pool.connect();
  await leaving.query('BEGIN');
  await leaving.query("UPDATE profile SET deleted = true, username = '', nickname = '' WHERE user_id = $1", [bob]);
  const copying = operate('copy-profiles', { owners: [bob] });
  try {
    await eventually('it waits for who leaves', async () => {
      const { rows } = await service.pool.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return rows.length > 0;
    });
  } finally {
    await leaving.query('COMMIT');
    leaving.release();
  }
  await copying;
  expect(await copyOf(bob)).toMatchObject({ deleted: true, nickname: '' });
});

test('who was forgotten and has an account again is known again, and may be befriended', async () => {
  service.users.putBack(bob, GONE);
  await operate('copy-profiles', { owners: [bob] });
  service.users.putBack(bob, { username: 'bob_again', nickname: 'Bob again', version: 1 });
  expect(await operate('copy-profiles', { owners: [bob] })).toEqual({ copied: 1, forgotten: 0 });
  expect(await copyOf(bob)).toEqual({ deleted: false, friends: 0, nickname: 'Bob again' });
  expect(await operate('import-friendships', { pairs: [[ann, bob]] })).toMatchObject({ bound: 1 });
});
