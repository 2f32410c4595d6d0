import type pg from 'pg';
import { readPeople } from '../profiles/read-people.ts';
import type { Timeline } from '../timeline/follow-timeline.ts';
import type { FriendListView } from '../view/friend-list-view.ts';
import type { ListHistory } from './changes-since.ts';
import { loadRevisions } from './load-revisions.ts';
import { readEvents } from './read-events.ts';

/** The history of lists over the view and the outbox: where a list stands costs one Redis read while it has a view. */
export function readListHistory(
  pool: pg.Pool,
  view: FriendListView,
  timeline: Pick<Timeline, 'current'>,
): ListHistory & RevisionReader {
  async function revisions(ownerIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map(await view.revisions(ownerIds));
    const missing = ownerIds.filter((ownerId) => !found.has(ownerId));
    if (missing.length === 0) return found;
    for (const [ownerId, revision] of await loadRevisions(pool, missing)) found.set(ownerId, revision);
    return found;
  }

  return {
    get timeline() {
      return timeline.current;
    },
    revisions,
    revision: async (ownerId) =>
      (await view.revision(ownerId)) ?? (await loadRevisions(pool, [ownerId])).get(ownerId) ?? 0,
    events: (ownerId, afterRevision, limit) => readEvents(pool, ownerId, afterRevision, limit),
    whole: (ownerId) => view.whole(ownerId),
    people: (userIds) => readPeople(pool, userIds),
    now: () => new Date(),
  };
}

export interface RevisionReader {
  /** Where these lists stand, by owner; nobody's list is missing. */
  revisions(ownerIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
