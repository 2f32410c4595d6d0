import { FRIEND_STREAM } from '@kith/event-contracts';
import { reconcileEvents } from '@kith/event-delivery';
import type { HttpHandler } from '@kith/service-kit';
import { compareCopiesWithUsers } from './compare-copies-with-users.ts';
import { compareViewsWithLists } from './compare-views-with-lists.ts';
import type { OperatorOptions } from './operator-options.ts';

/**
 * Compares outbox and stream, copies and the user service, views and Postgres; changes nothing. What came of the users'
 * stream shows in the copies: to read that stream anew, beside its durable, is not this service's right on the broker.
 */
export function reconcile({ parts, users, broker }: OperatorOptions): HttpHandler {
  return reconcileEvents({
    pool: parts.pool,
    broker,
    stream: FRIEND_STREAM,
    also: async (report) => ({
      copies: await compareCopiesWithUsers(parts.pool, users, report),
      views: await compareViewsWithLists(parts, report),
    }),
  });
}
