import type { SqlConnection } from '@kith/event-delivery';
import { type HttpHandler, KithError, readBodyAs, sendJson } from '@kith/service-kit';
import { v7 as newId } from 'uuid';
import { z } from 'zod';
import { copyProfile } from '../profiles/copy-profile.ts';
import { forgetPerson } from '../profiles/forget-person.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import { type MovedLists, movedTo } from '../relationships/list-ledger.ts';
import type { OperatorOptions } from './operator-options.ts';

const bodySchema = z.object({ owners: z.array(z.guid()).min(1).max(1_000) });

// A wrong copy with the right version would be kept as the newest: here every copy counts as older.
const DISTRUST = 'UPDATE profile SET version = 0 WHERE user_id = $1 AND NOT deleted';
const COPIES = 'SELECT user_id, deleted FROM profile WHERE user_id = ANY($1::uuid[])';
const REMEMBER = 'UPDATE profile SET version = 0, deleted = false WHERE user_id = $1';

/**
 * `{"owners": [id, … at most 1,000]}`: takes their profiles from the user service again, whatever the copies say, with
 * the events that lists get of any profile change; people whom it does not know, since its database was put back, are
 * forgotten by the rules, as if they had deleted their account, and people who have an account again are known again.
 * Answers `{"copied": n, "forgotten": n}`.
 * Throws KithError SERVICE_UNAVAILABLE for a user service that knows nobody at all: it is not believed.
 */
export function copyProfilesAnew({ parts, users }: Pick<OperatorOptions, 'parts' | 'users'>): HttpHandler {
  return async (request, response) => {
    const body = await readBodyAs(bodySchema, request, 'owners');
    const { owners } = body;
    // Read before the user service is asked: who is forgotten after that has left since.
    const { rows: copies } = await parts.pool.query<{ user_id: string; deleted: boolean }>(COPIES, [owners]);
    const forgotten = new Set(copies.flatMap((copy) => (copy.deleted ? copy.user_id : [])));
    const profiles = await users.profiles(owners);
    const known = new Set(profiles.map(({ userId }) => userId));
    const strangers = copies.flatMap((copy) => (copy.deleted || known.has(copy.user_id) ? [] : copy.user_id));
    if (strangers.length > 0) await refuseEmptyUserService(users);
    for (const { deleted, ...profile } of profiles) {
      await changeLists(parts, async (sql, context) => {
        if (deleted) return forgetPerson(sql, profile.userId, context);
        await sql.query(forgotten.has(profile.userId) ? REMEMBER : DISTRUST, [profile.userId]);
        return movedTo(await copyProfile(sql, profile, context));
      });
    }
    for (const stranger of strangers) {
      await changeLists(parts, (sql, context) => forgetPerson(sql, stranger, context));
    }
    sendJson(response, 200, { copied: profiles.length, forgotten: strangers.length });
  };
}

async function changeLists(
  { pool, committed }: OperatorOptions['parts'],
  change: (sql: SqlConnection, context: { now: Date; newId: () => string }) => Promise<MovedLists>,
): Promise<void> {
  const moved = await inTransaction(pool, (sql) => change(sql, { now: new Date(), newId }));
  await committed({ events: moved.takeEvents(), revisions: moved.revisions });
}

/** Friendships that are ended cannot be taken back: an empty database, or another system's, is to end none. */
async function refuseEmptyUserService(users: OperatorOptions['users']): Promise<void> {
  if ((await users.profilePage(null, 1)).length > 0) return;
  throw new KithError('SERVICE_UNAVAILABLE', 'The user service knows nobody at all: is its database the right one?');
}
