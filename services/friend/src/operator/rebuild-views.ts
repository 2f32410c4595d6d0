import { type HttpHandler, KithError, readJsonBody, sendJson } from '@kith/service-kit';
import { z } from 'zod';
import type { OperatorOptions } from './operator-options.ts';

const AT_ONCE = 8;

const bodySchema = z.object({ owners: z.array(z.guid()).min(1).max(1_000) });

/** `{"owners": [id, … at most 1,000]}`: throws their views away and loads them anew. Answers `{"rebuilt": n}`. */
export function rebuildViews({ parts }: Pick<OperatorOptions, 'parts'>): HttpHandler {
  return async (request, response) => {
    const body = bodySchema.safeParse(await readJsonBody(request));
    if (!body.success) {
      const issue = body.error.issues[0]!;
      throw new KithError('BAD_USER_INPUT', `${issue.path.join('.')}: ${issue.message}`, { field: 'owners' });
    }
    const owners = [...body.data.owners];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let owner = owners.pop(); owner; owner = owners.pop()) await parts.view.rebuild(owner);
      }),
    );
    sendJson(response, 200, { rebuilt: body.data.owners.length });
  };
}
