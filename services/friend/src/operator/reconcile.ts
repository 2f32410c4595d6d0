import { FRIEND_STREAM } from '@kith/event-contracts';
import { compareOutboxWithStream, reportDifferences } from '@kith/event-delivery';
import type { HttpHandler } from '@kith/service-kit';
import { compareCopiesWithUsers } from './compare-copies-with-users.ts';
import { compareViewsWithLists } from './compare-views-with-lists.ts';
import type { OperatorOptions } from './operator-options.ts';

/** Compares outbox and stream, profile copies and the user service, views and Postgres; changes nothing. */
export function reconcile({ parts, users, broker }: OperatorOptions): HttpHandler {
  return reportDifferences(broker, async (connected, report) => ({
    stream: await compareOutboxWithStream({
      pool: parts.pool,
      broker: connected,
      stream: FRIEND_STREAM,
      onDifference: report.onDifference,
      onProgress: (done, total) => report.onProgress('stream', done, total),
    }),
    copies: await compareCopiesWithUsers(parts.pool, users, report),
    views: await compareViewsWithLists(parts, report),
  }));
}
