import { readDeliveryStatus } from '@kith/event-delivery';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import type { OperatorOptions } from './operator-options.ts';

const SIZES = `
  SELECT (SELECT count(*)::int FROM friend_list) AS lists, (SELECT (count(*) / 2)::int FROM friend) AS friendships,
    (SELECT count(*)::int FROM friend_request WHERE status = 'OPEN') AS "openRequests"`;

/** `{"service","connected","outbox":{"unpublished","oldestAgeMs"},"streams":[…],"consumers":[…],"data":{…}}`. */
export function status({ parts: { pool }, broker }: Pick<OperatorOptions, 'parts' | 'broker'>): HttpHandler {
  return async (_request, response) => {
    const [sizes, delivery] = await Promise.all([
      pool.query(SIZES),
      broker().then((connected) => readDeliveryStatus({ pool, broker: connected })),
    ]);
    sendJson(response, 200, { service: 'friend', ...delivery, data: sizes.rows[0] });
  };
}
