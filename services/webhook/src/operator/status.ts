import { type EventBroker, reportDifferences } from '@kith/event-delivery';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import type pg from 'pg';
import { countDeliveries } from '../deliveries/read-log.ts';

/** `GET /operator/status`: `{"service","connected","consuming","webhooks":{"endpoints","paused","pending","dead"}}`. */
export function answerStatus(pool: pg.Pool, broker: EventBroker, consuming: () => boolean): HttpHandler {
  return async (_request, response) => {
    const webhooks = await countDeliveries(pool);
    sendJson(response, 200, { service: 'webhook', connected: broker.connected, consuming: consuming(), webhooks });
  };
}

/** Long after its time: the sender has tried it since. */
const STUCK = `
  SELECT d.id, d.owner_id AS owner, d.revision FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
  WHERE d.state = 'pending' AND e.state = 'active' AND d.give_up_at < now() - interval '1 hour'
  ORDER BY d.id LIMIT 1000`;

/** `GET /operator/reconcile`: names deliveries that nobody has tried although their time is over; changes nothing. */
export function answerReconcile(pool: pg.Pool, broker: EventBroker): HttpHandler {
  return reportDifferences(
    () => broker,
    async (_broker, { onDifference }) => {
      const { rows } = await pool.query<{ id: string; owner: string; revision: string }>(STUCK);
      for (const { id, owner, revision } of rows) {
        const detail = `delivery ${id} waits longer than it may`;
        await onDifference({ check: 'webhooks', owner, revision: Number(revision), detail });
      }
      const { pending, dead } = await countDeliveries(pool);
      return { pendingWebhooks: pending, deadWebhooks: dead };
    },
  );
}
