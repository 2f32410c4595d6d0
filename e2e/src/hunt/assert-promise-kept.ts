import assert from 'node:assert/strict';
import type { Client } from './catch-up-times.ts';
import type { HuntedKind, StoredList } from './hunted-kind.ts';

/** Every client's list is the stored one, it saw each change once and in order; reads, views and copies agree. */
export async function assertPromiseKept(
  kinds: readonly HuntedKind[],
  clients: readonly Client[],
  stored: ReadonlyMap<string, StoredList>,
): Promise<void> {
  for (const { list: of, follower } of clients) {
    const { list } = follower;
    assert.deepEqual(list.problems, [], of.key);
    assert.deepEqual({ revision: list.revision, contents: list.contents }, stored.get(of.key), of.key);
    // The cursors of a list that nobody restored from a backup and whose history is kept are good for ever.
    assert.deepEqual(
      list.snapshots.map(({ reason }) => reason),
      ['SUBSCRIBED'],
    );
    assert.equal(list.changesSeen, list.revision! - list.snapshots[0]!.revision);
  }
  for (const kind of kinds) await kind.assertAnswered(stored);
}
