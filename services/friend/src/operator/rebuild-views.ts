import { type HttpHandler, readBodyAs, sendJson } from '@kith/service-kit';
import { z } from 'zod';
import { countLists, OWNERS_A_PAGE, ownersAfter } from '../timeline/owners-of-lists.ts';
import type { OperatorOptions } from './operator-options.ts';

const AT_ONCE = 8;

const bodySchema = z.union(
  [z.object({ owners: z.array(z.guid()).min(1).max(1_000) }), z.object({ after: z.guid().nullable() })],
  { error: 'must be at most 1,000 owners, or after whom to go on' },
);

/**
 * Throws views away and loads them anew. `{"owners": [id, … at most 1,000]}`: theirs; answers `{"rebuilt": n}`.
 * `{"after": id or null}`: those of the next lists there are; answers `{"rebuilt": n, "next": id or null, "total": n}`,
 * `next` to go on after, and how many lists there are altogether.
 */
export function rebuildViews({ parts }: Pick<OperatorOptions, 'parts'>): HttpHandler {
  async function rebuild(ownerIds: readonly string[]): Promise<void> {
    const owners = [...ownerIds];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let owner = owners.pop(); owner; owner = owners.pop()) await parts.view.rebuild(owner);
      }),
    );
  }

  return async (request, response) => {
    const body = await readBodyAs(bodySchema, request, 'owners');
    if ('owners' in body) {
      await rebuild(body.owners);
      return sendJson(response, 200, { rebuilt: body.owners.length });
    }
    const [owners, total] = await Promise.all([ownersAfter(parts.pool, body.after), countLists(parts.pool)]);
    await rebuild(owners);
    const next = owners.length === OWNERS_A_PAGE ? owners.at(-1) : null;
    sendJson(response, 200, { rebuilt: owners.length, next, total });
  };
}
