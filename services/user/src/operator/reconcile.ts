import { USER_STREAM } from '@kith/event-contracts';
import { compareOutboxWithStream, type EventBroker, reportDifferences } from '@kith/event-delivery';
import type { HttpHandler } from '@kith/service-kit';
import type pg from 'pg';

/** `GET /operator/reconcile`: compares outbox and stream; changes nothing. */
export function answerReconcile(pool: pg.Pool, broker: EventBroker): HttpHandler {
  return reportDifferences(
    () => broker,
    async (connected, { onDifference, onProgress }) => {
      let givenUp = 0;
      const stream = await compareOutboxWithStream({
        pool,
        broker: connected,
        stream: USER_STREAM,
        onDifference,
        onGivenUp: (events) => {
          givenUp = events;
        },
        onProgress: (done, total) => onProgress('stream', done, total),
      });
      return { stream, ...(givenUp > 0 && { givenUp }) };
    },
  );
}
