import { USER_STREAM } from '@kith/event-contracts';
import { type EventBroker, reconcileEvents } from '@kith/event-delivery';
import type { HttpHandler } from '@kith/service-kit';
import type pg from 'pg';

/** `GET /operator/reconcile`: compares outbox and stream; changes nothing. */
export function answerReconcile(pool: pg.Pool, broker: EventBroker): HttpHandler {
  return reconcileEvents({ pool, broker: () => broker, stream: USER_STREAM });
}
