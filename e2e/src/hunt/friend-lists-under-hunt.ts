import assert from 'node:assert/strict';
import { eventually } from '@kith/local-servers';
import { openDatabase } from '../databases/open-database.ts';
import { FRIEND_LIST } from '../lists/friend-list-as-seen.ts';
import { contentsOf } from '../lists/friend-list-in-postgres.ts';
import { readWholeList } from '../people/friend-operations.ts';
import type { HuntedSystem } from '../system/hunted-system.ts';
import { jsonLines, runKith } from '../system/run-kith.ts';
import { CAUGHT_UP_WITHIN_MS } from './catch-up-times.ts';
import { choosesChanges } from './choose-change.ts';
import type { HuntedKind, StoredList } from './hunted-kind.ts';
import type { HuntPeople } from './sign-up-people.ts';

const keyOf = (ownerId: string) => `friend-list ${ownerId}`;

/** The friend lists of the owners, each watched by its owner. */
export function friendListsUnderHunt(system: HuntedSystem, people: HuntPeople): HuntedKind {
  const owners = people.owners.map(({ person }) => person);
  return {
    lists: owners.map((owner) => ({ key: keyOf(owner.id), watchers: [owner], watched: FRIEND_LIST })),
    changers(send) {
      const nextChange = choosesChanges(people, send);
      return owners.map((owner) => ({ share: 1, nextChange: (round, own) => nextChange(owner, round, own) }));
    },
    async revisions() {
      const { rows } = await system.friendDatabase.query(
        'SELECT owner_id, revision FROM friend_list WHERE owner_id = ANY ($1)',
        [owners.map(({ id }) => id)],
      );
      return new Map(rows.map(({ owner_id, revision }) => [keyOf(owner_id), Number(revision)]));
    },
    async settled() {
      await everyCopyIsNew(system);
      const entries = owners.map(async ({ id }): Promise<[string, StoredList]> => {
        const { revision, ...contents } = contentsOf(await system.friendDatabase.list(id));
        return [keyOf(id), { revision: Number(revision), contents }];
      });
      return new Map(await Promise.all(entries));
    },
    async assertAnswered(stored) {
      for (const owner of owners) {
        const listed = await eventually('the list is answered', () => readWholeList(owner));
        const friends = listed.toSorted((a, b) => (a.user.id < b.user.id ? -1 : 1));
        const { contents } = stored.get(keyOf(owner.id)) as { contents: { friends?: unknown } };
        assert.deepEqual(friends, contents.friends);
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
    },
  };
}

/** A nickname that was answered may still be on its way into the lists: they stand still when every copy is new. */
async function everyCopyIsNew(system: HuntedSystem): Promise<void> {
  const userDatabase = openDatabase(system.userDatabaseUrl);
  try {
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
}
