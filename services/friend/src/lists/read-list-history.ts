import type pg from 'pg';
import { readPeople } from '../profiles/read-people.ts';
import type { FriendListView } from '../view/friend-list-view.ts';
import type { ListHistory } from './changes-since.ts';
import { loadRevisions } from './load-revisions.ts';
import { readEvents } from './read-events.ts';

const TIMELINE = 'SELECT id FROM timeline ORDER BY started_at DESC LIMIT 1';

/** The history of lists over the view and the outbox: where a list stands costs one Redis read while it has a view. */
export async function readListHistory(pool: pg.Pool, view: FriendListView): Promise<ListHistory & RevisionReader> {
  const { rows } = await pool.query<{ id: string }>(TIMELINE);

  async function revisions(ownerIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map(await view.revisions(ownerIds));
    const missing = ownerIds.filter((ownerId) => !found.has(ownerId));
    if (missing.length === 0) return found;
    for (const [ownerId, revision] of await loadRevisions(pool, missing)) found.set(ownerId, revision);
    return found;
  }

  return {
    timeline: rows[0]!.id,
    revisions,
    revision: async (ownerId) => (await view.revision(ownerId)) ?? (await loadRevisions(pool, [ownerId])).get(ownerId)!,
    events: (ownerId, afterRevision, limit) => readEvents(pool, ownerId, afterRevision, limit),
    whole: (ownerId) => view.whole(ownerId),
    people: (userIds) => readPeople(pool, userIds),
    now: () => new Date(),
  };
}

export interface RevisionReader {
  revisions(ownerIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
