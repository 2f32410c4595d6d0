import { type HttpHandler, KithError, present, sendJson } from '@kith/service-kit';
import type pg from 'pg';
import { z } from 'zod';
import { accountActions } from '../account-actions/account-action.ts';

const PAGE = 100;

const questionSchema = z.object({ account: z.guid(), before: z.guid().optional() });

/**
 * `GET /operator/account-actions?account=ID[&before=ID]`: the actions of an account, newest first, in pages of 100:
 * `{"actions":[{"id","name","at","sessionId"?}],"next":ID|null}`; `next` is the `before` of the next page. A deleted or
 * unknown account is answered like any other. KithError BAD_USER_INPUT.
 */
export function answerAccountActions(pool: pg.Pool): HttpHandler {
  return async (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://operator.invalid');
    const asked = questionSchema.safeParse(Object.fromEntries(searchParams));
    if (!asked.success) {
      const { path, message } = present(asked.error.issues[0], 'what is not read has an issue');
      throw new KithError('BAD_USER_INPUT', `${path.join('.')}: ${message}`, { field: String(path[0]) });
    }
    const { account, before } = asked.data;
    const kept = await accountActions.of(
      pool,
      { kind: 'user', id: account.toLowerCase() },
      { limit: PAGE + 1, before },
    );
    const page = kept.slice(0, PAGE);
    sendJson(response, 200, {
      actions: page.map(({ id, name, occurredAt, ...action }) => ({
        ...{ id, name, at: occurredAt.toISOString() },
        ...('sessionId' in action && { sessionId: action.sessionId }),
      })),
      next: kept.length > PAGE ? (page.at(-1)?.id ?? null) : null,
    });
  };
}
