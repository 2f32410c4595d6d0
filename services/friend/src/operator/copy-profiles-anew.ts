import { type HttpHandler, KithError, readJsonBody, sendJson } from '@kith/service-kit';
import { v7 as newId } from 'uuid';
import { z } from 'zod';
import { copyProfile } from '../profiles/copy-profile.ts';
import { forgetPerson } from '../profiles/forget-person.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import type { OperatorOptions } from './operator-options.ts';

const bodySchema = z.object({ owners: z.array(z.guid()).min(1).max(1_000) });

// A copy that is wrong under the right version would be kept for as new as any: it counts as older than all.
const DISTRUST = 'UPDATE profile SET version = 0 WHERE user_id = $1 AND NOT deleted';

/**
 * `{"owners": [id, … at most 1,000]}`: takes their profiles from the user service again, whatever the copies say, with
 * the events that lists get of any profile change. Answers `{"copied": n}`: those whom the user service does not have
 * are left alone, since ending their friendships cannot be taken back.
 */
export function copyProfilesAnew({ parts, users }: Pick<OperatorOptions, 'parts' | 'users'>): HttpHandler {
  return async (request, response) => {
    const body = bodySchema.safeParse(await readJsonBody(request));
    if (!body.success) {
      const issue = body.error.issues[0]!;
      throw new KithError('BAD_USER_INPUT', `${issue.path.join('.')}: ${issue.message}`, { field: 'owners' });
    }
    const profiles = await users.profiles(body.data.owners);
    for (const { deleted, ...profile } of profiles) {
      const context = { now: new Date(), newId };
      await inTransaction(parts.pool, async (sql) => {
        if (deleted) return forgetPerson(sql, profile.userId, context);
        await sql.query(DISTRUST, [profile.userId]);
        return copyProfile(sql, profile, context);
      });
    }
    sendJson(response, 200, { copied: profiles.length });
  };
}
