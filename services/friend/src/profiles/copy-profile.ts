import { friendChanged } from '@kith/event-contracts';
import { appendToOutbox, draftEvent, type OutboxEvent, type SqlConnection } from '@kith/event-delivery';
import { invariant, present } from '@kith/service-kit';
import { friendData } from '../domain/list-events.ts';
import { DETAIL_COLUMNS, type DetailsRow, detailsOf } from '../rows/friend-row.ts';
import { type Profile, storeProfile } from './store-profile.ts';

// In the order of ids, after the profile's own row: the order in which everybody here takes these locks.
const LOCK_LISTS = `
  SELECT owner_id, revision FROM friend_list
  WHERE owner_id IN (SELECT owner_id FROM friend WHERE friend_id = $1)
  ORDER BY owner_id FOR UPDATE`;

// A statement of its own: the one that waits for a lock shows the list's newest row, but the entry as it was before.
const ENTRIES = `
  SELECT owner_id, ${DETAIL_COLUMNS} FROM friend WHERE friend_id = $1 ORDER BY owner_id`;

const MOVE_LISTS = `
  UPDATE friend_list SET revision = moved.revision
  FROM unnest($1::uuid[], $2::bigint[]) AS moved (owner_id, revision) WHERE friend_list.owner_id = moved.owner_id
  RETURNING friend_list.owner_id`;

/**
 * Takes over a profile if it is newer than the copy, and tells every list that holds this person: one revision and one
 * event a list, in the caller's transaction and a fixed number of statements, however many lists there are.
 * Resolves to the new revision of each list that moved.
 */
export async function copyProfile(
  sql: SqlConnection,
  profile: Profile,
  context: { now: Date; newId: () => string; traceparent?: string | undefined },
): Promise<ReadonlyMap<string, number>> {
  const outcome = await storeProfile(sql, profile);
  if (!outcome.stored || !outcome.before) return new Map();
  const { before } = outcome;
  if (before.nickname === profile.nickname && before.avatarUrl === profile.avatarUrl) return new Map();

  const { rows: lists } = await sql.query<{ owner_id: string; revision: string }>(LOCK_LISTS, [profile.userId]);
  if (lists.length === 0) return new Map();
  const revisions = new Map(lists.map((row) => [row.owner_id, Number(row.revision)]));
  const { rows: entries } = await sql.query<DetailsRow & { owner_id: string }>(ENTRIES, [profile.userId]);
  const person = { userId: profile.userId, nickname: profile.nickname, avatarUrl: profile.avatarUrl };
  const drafts = entries.map((row): OutboxEvent => {
    const details = present(detailsOf(row), 'an entry of a list has its details');
    const revision = present(revisions.get(row.owner_id), 'whose entry shows a person, their list is locked (S12)');
    return draftEvent(friendChanged, {
      eventId: context.newId(),
      ownerId: row.owner_id,
      revision: revision + 1,
      occurredAt: context.now,
      traceparent: context.traceparent,
      data: { before: friendData({ ...person, ...before }, details), after: friendData(person, details) },
    });
  });
  if (drafts.length === 0) return new Map();
  const { rows: moved } = await sql.query(MOVE_LISTS, [
    drafts.map((draft) => draft.ownerId),
    drafts.map((draft) => draft.revision),
  ]);
  invariant(moved.length === drafts.length, 'every list with an event moves (S13)', () => ({
    ...{ userId: profile.userId, moved: moved.length, events: drafts.length },
  }));
  await appendToOutbox(sql, drafts);
  return new Map(drafts.map((draft) => [draft.ownerId, draft.revision]));
}
