import type pg from 'pg';
import type { EventBroker } from '../broker/broker.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { compareOutboxWithStream } from '../outbox/stream/compare-outbox-with-stream.ts';
import type { OperatorHandler } from './answer-operator.ts';
import { compareStreamWithInbox, type InboxConsumer } from './compare-stream-with-inbox.ts';
import { type DifferenceReport, reportDifferences } from './report-differences.ts';

export interface ReconcileOptions {
  readonly pool: pg.Pool;
  readonly broker: () => Promise<EventBroker> | EventBroker;
  /** What its outbox publishes to; a pure consumer has none. */
  readonly stream?: StreamName | undefined;
  /** Those that remember what they have handled in the inbox of this database. */
  readonly inboxes?: readonly InboxConsumer[];
  /** What only this service can compare; resolves to how many of each. */
  readonly also?: (report: DifferenceReport) => Promise<Readonly<Record<string, number>>>;
}

/**
 * Reconciliation of one service, `GET /operator/reconcile` of whoever adopts event delivery: outbox with stream, stream
 * with inbox, and what the service adds. Answers as `reportDifferences`.
 */
export function reconcileEvents(options: ReconcileOptions): OperatorHandler {
  const { pool, stream, inboxes = [], also } = options;
  return reportDifferences(options.broker, async (broker, report) => {
    const checked: Record<string, number> = {};
    if (stream) {
      checked.stream = await compareOutboxWithStream({
        pool,
        broker,
        stream,
        onDifference: report.onDifference,
        onGivenUp: (events) => {
          if (events > 0) checked.givenUp = events;
        },
        onProgress: (done, total) => report.onProgress('stream', done, total),
      });
    }
    for (const consumer of inboxes) {
      const looked = await compareStreamWithInbox({
        pool,
        broker,
        consumer,
        onDifference: report.onDifference,
        onProgress: (done, total) => report.onProgress('inbox', done, total),
      });
      checked.inbox = (checked.inbox ?? 0) + looked;
    }
    return { ...checked, ...(await also?.(report)) };
  });
}
