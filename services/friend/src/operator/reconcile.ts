import { FRIEND_STREAM } from '@kith/event-contracts';
import { compareOutboxWithStream, reportDifferences } from '@kith/event-delivery';
import type { HttpHandler } from '@kith/service-kit';
import { compareCopiesWithUsers } from './compare-copies-with-users.ts';
import { compareViewsWithLists } from './compare-views-with-lists.ts';
import type { OperatorOptions } from './operator-options.ts';

/** Compares outbox and stream, profile copies and the user service, views and Postgres; changes nothing. */
export function reconcile({ parts, users, broker }: OperatorOptions): HttpHandler {
  return reportDifferences(broker, async (connected, report) => {
    let givenUp = 0;
    const stream = await compareOutboxWithStream({
      pool: parts.pool,
      broker: connected,
      stream: FRIEND_STREAM,
      onDifference: report.onDifference,
      onGivenUp: (events) => {
        givenUp = events;
      },
      onProgress: (done, total) => report.onProgress('stream', done, total),
    });
    const copies = await compareCopiesWithUsers(parts.pool, users, report);
    const views = await compareViewsWithLists(parts, report);
    return { stream, ...(givenUp > 0 && { givenUp }), copies, views };
  });
}
