import { type HttpHandler, sendJson } from '@kith/service-kit';
import type { OperatorOptions } from './operator-routes.ts';

const OUTBOX = `
  SELECT count(*)::int AS unpublished, coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float8 AS oldest_age_s
  FROM outbox WHERE published_at IS NULL`;

const SIZES = `
  SELECT (SELECT count(*)::int FROM friend_list) AS lists, (SELECT (count(*) / 2)::int FROM friend) AS friendships,
    (SELECT count(*)::int FROM friend_request WHERE status = 'OPEN') AS "openRequests"`;

/** `{"service","outbox":{"unpublished","oldestAgeMs"},"streams":[…],"consumers":[…],"data":{…}}`. */
export function status({ parts, broker }: OperatorOptions): HttpHandler {
  return async (_request, response) => {
    const [outbox, sizes, delivery] = await Promise.all([
      parts.pool.query<{ unpublished: number; oldest_age_s: number }>(OUTBOX),
      parts.pool.query(SIZES),
      broker().then((connected) => connected.status()),
    ]);
    const { unpublished, oldest_age_s } = outbox.rows[0]!;
    sendJson(response, 200, {
      service: 'friend',
      outbox: { unpublished, oldestAgeMs: Math.round(oldest_age_s * 1_000) },
      ...delivery,
      data: sizes.rows[0],
    });
  };
}
