import type { SqlConnection } from '@kith/event-delivery';
import { Relationship } from '../domain/relationship.ts';
import { ListLedger, type MovedLists, movedTo } from '../relationships/list-ledger.ts';
import { loadRelationships, lockPeople } from '../relationships/load-relationships.ts';

// Two friends who leave at the same moment would wait for each other: one person leaves at a time.
const ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('forget-person'))::text";

// Also says who is to be locked; new ties cannot come while the profile is locked.
const LOCK_PERSON = 'SELECT user_id FROM profile WHERE user_id = $1 AND NOT deleted FOR UPDATE';

// Of somebody who was never known here: their registration may still come, late, and must find that they are gone.
const REMEMBER_GONE = `
  WITH list AS (INSERT INTO friend_list (owner_id) VALUES ($1) ON CONFLICT DO NOTHING)
  INSERT INTO profile (user_id, username, nickname, friend_policy, version, deleted)
  VALUES ($1, '', '', 'CLOSED', 0, true) ON CONFLICT DO NOTHING RETURNING user_id`;

const TIED_TO = `
  SELECT friend_id AS user_id FROM friend WHERE owner_id = $1
  UNION SELECT from_id FROM friend_request WHERE to_id = $1 AND status = 'OPEN'
  UNION SELECT to_id FROM friend_request WHERE from_id = $1 AND status = 'OPEN'
  UNION SELECT blocked_id FROM block WHERE owner_id = $1
  UNION SELECT owner_id FROM block WHERE blocked_id = $1`;

// Blocks go without an event, so the list's revision alone does not tell who has loaded it that it was touched.
const ERASE = `
  WITH list AS (UPDATE friend_list SET hidden_changes = hidden_changes + 1 WHERE owner_id = $1),
  blocks AS (DELETE FROM block WHERE owner_id = $1 OR blocked_id = $1),
  requests AS (DELETE FROM friend_request WHERE from_id = $1 OR to_id = $1)
  UPDATE profile SET deleted = true, username = '', nickname = '', avatar_url = NULL, friend_policy = 'CLOSED'
  WHERE user_id = $1`;

const NONE_MOVED = movedTo(new Map());

/**
 * An account is gone: every friendship and request of theirs ends by the same rules and with the same events as if
 * they had ended it, blocks and what is kept of old requests go in both directions, and the copy is erased. The emptied row stays, so that an older
 * event that comes late cannot bring the person back.
 */
export async function forgetPerson(
  sql: SqlConnection,
  userId: string,
  context: { now: Date; newId: () => string; traceparent?: string | undefined },
): Promise<MovedLists> {
  const { rows: unheardOf } = await sql.query(REMEMBER_GONE, [userId]);
  if (unheardOf.length > 0) return NONE_MOVED;
  await sql.query(ONE_AT_A_TIME);
  const { rows: present } = await sql.query(LOCK_PERSON, [userId]);
  if (present.length === 0) return NONE_MOVED;
  const { rows: tied } = await sql.query(TIED_TO, [userId]);
  const others = tied.map((row) => String(row.user_id));
  const locked = await lockPeople(sql, [userId, ...others]);
  const pairs = others.filter((id) => locked.people.has(id)).map((otherId) => ({ viewerId: userId, otherId }));
  const ledger = new ListLedger(locked.lists, context);
  for (const state of await loadRelationships(sql, pairs, locked)) {
    const relationship = new Relationship(ledger.upToDate(state), context);
    relationship.part();
    ledger.enter(relationship);
  }
  await ledger.save(sql);
  await sql.query(ERASE, [userId]);
  return ledger;
}
