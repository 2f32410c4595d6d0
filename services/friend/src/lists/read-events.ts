import { FRIEND_LIST_OWNER } from '@kith/event-contracts';
import type pg from 'pg';
import { eventOfRow, type FriendListEvent, type OutboxRow } from './list-change.ts';

const EVENTS_AFTER = `
  SELECT event_id, owner_id, revision, type, payload, occurred_at FROM outbox
  WHERE owner_id = $1 AND owner_kind = '${FRIEND_LIST_OWNER}' AND revision > $2 ORDER BY revision LIMIT $3`;

/** A list's events after a revision, in order, at most `limit`: the outbox is the list's history. */
export async function readEvents(
  pool: pg.Pool,
  ownerId: string,
  afterRevision: number,
  limit: number,
): Promise<FriendListEvent[]> {
  const { rows } = await pool.query<OutboxRow>({
    name: 'list-events-after',
    text: EVENTS_AFTER,
    values: [ownerId, afterRevision, limit],
  });
  return rows.map(eventOfRow);
}
