import { type EventBroker, readDeliveryStatus } from '@kith/event-delivery';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import type pg from 'pg';

/** `GET /operator/status`: `{"service","connected","outbox":{"unpublished","oldestAgeMs"},"streams":[…],"consumers":[…]}`. */
export function answerStatus(pool: pg.Pool, broker: EventBroker): HttpHandler {
  return async (_request, response) => {
    sendJson(response, 200, { service: 'user', ...(await readDeliveryStatus({ pool, broker })) });
  };
}
