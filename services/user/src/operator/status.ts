import type { EventBroker } from '@kith/event-delivery';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import type pg from 'pg';

const OUTBOX = `
  SELECT count(*)::int AS unpublished,
    coalesce(extract(epoch FROM now() - min(occurred_at)) * 1000, 0)::float8 AS "oldestUnpublishedAgeMs"
  FROM outbox WHERE published_at IS NULL`;

/** `GET /operator/status`: how far the outbox is, and what the broker says of streams and consumers. */
export function answerStatus(pool: pg.Pool, broker: EventBroker): HttpHandler {
  return async (_request, response) => {
    const { rows } = await pool.query<{ unpublished: number; oldestUnpublishedAgeMs: number }>(OUTBOX);
    const brokerStatus = await broker.status().catch(() => ({ streams: [], consumers: [] }));
    sendJson(response, 200, {
      outbox: { ...rows[0], oldestUnpublishedAgeMs: Math.round(rows[0]!.oldestUnpublishedAgeMs) },
      broker: { connected: broker.connected },
      ...brokerStatus,
    });
  };
}
