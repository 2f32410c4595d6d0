import assert from 'node:assert/strict';
import { eventually } from '@kith/local-servers';
import { openDatabase } from '../databases/open-database.ts';
import { contentsOf, type StoredFriendList } from '../lists/friend-list-in-postgres.ts';
import { readWholeList } from '../people/friend-operations.ts';
import type { Person } from '../people/person.ts';
import { jsonLines, runKith } from '../system/run-kith.ts';
import type { HuntedSystem } from '../system/start-system-for-test.ts';
import { CAUGHT_UP_WITHIN_MS, type Client } from './catch-up-times.ts';

type StoredLists = ReadonlyMap<string, StoredFriendList>;

/** The lists in Postgres, when nobody changes them any more. */
export async function settledLists(system: HuntedSystem, owners: readonly Person[]): Promise<StoredLists> {
  const userDatabase = openDatabase(system.userDatabaseUrl);
  try {
    // A nickname that was answered may still be on its way into the lists: they stand still when every copy is new.
    await eventually(
      'every list has every nickname',
      async () => {
        const { rows: users } = await userDatabase.query('SELECT id, version FROM users');
        const { rows: copies } = await system.friendDatabase.query('SELECT user_id, version FROM profile');
        const versionOf = new Map(copies.map(({ user_id, version }) => [user_id, version]));
        return users.every(({ id, version }) => versionOf.get(id) === version);
      },
      { withinMs: CAUGHT_UP_WITHIN_MS },
    );
  } finally {
    await userDatabase.end();
  }
  return new Map(await Promise.all(owners.map(async ({ id }) => [id, await system.friendDatabase.list(id)] as const)));
}

/** Every client's list is the stored one, it saw each change once and in order; reads, views and copies agree. */
export async function assertPromiseKept(
  system: HuntedSystem,
  clients: readonly Client[],
  stored: StoredLists,
): Promise<void> {
  for (const { owner, follower } of clients) {
    const { list } = follower;
    assert.deepEqual(list.problems, []);
    assert.deepEqual(contentsOf(list), contentsOf(stored.get(owner.id)!));
    // The cursors of a list that nobody restored from a backup and whose history is kept are good for ever.
    assert.deepEqual(
      list.snapshots.map(({ reason }) => reason),
      ['SUBSCRIBED'],
    );
    assert.equal(list.changesSeen, list.revision! - list.snapshots[0]!.revision);
  }
  for (const owner of new Set(clients.map(({ owner }) => owner))) {
    const listed = await eventually('the list is answered', () => readWholeList(owner));
    assert.deepEqual(new Map(listed.map((friend) => [friend.user.id, friend])), stored.get(owner.id)!.friends);
  }
  await eventually(
    'nothing differs anywhere',
    async () => {
      const { code, stdout, stderr } = await runKith(system, ['events', 'reconcile', '--json']).ended;
      if (code !== 0) throw new Error(`${stdout.split('\n').slice(0, 3).join(' ')} ${stderr}`);
      return jsonLines(stdout).at(-1)?.result.differences === 0;
    },
    { withinMs: CAUGHT_UP_WITHIN_MS },
  );
}
