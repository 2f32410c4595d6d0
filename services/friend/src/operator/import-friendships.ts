import { type HttpHandler, readBodyAs, sendJson } from '@kith/service-kit';
import { z } from 'zod';
import type { OperatorOptions } from './operator-options.ts';

const bodySchema = z.object({ pairs: z.array(z.tuple([z.guid(), z.guid()])).max(1_000) });

/**
 * `{"pairs": [[id, id], … at most 1,000]}`: binds each pair by the same rules, events and outbox as addFriend, all in
 * one transaction, whatever the policies. Answers `{"bound", "existing", "failed": [{"index", "code", "message"}]}`.
 */
export function importFriendships({ parts }: Pick<OperatorOptions, 'parts'>): HttpHandler {
  return async (request, response) => {
    const body = await readBodyAs(bodySchema, request, 'pairs');
    const pairs = body.pairs.map(([viewerId, otherId]) => ({ viewerId, otherId }));
    const outcomes = await parts.relationships.changeMany(pairs, (relationship) => relationship.bind());
    const failed = outcomes.flatMap((outcome, index) =>
      'refused' in outcome ? [{ index, code: outcome.refused.code, message: outcome.refused.message }] : [],
    );
    const bound = outcomes.filter((outcome) => 'changed' in outcome && outcome.changed).length;
    sendJson(response, 200, { bound, existing: pairs.length - bound - failed.length, failed });
  };
}
