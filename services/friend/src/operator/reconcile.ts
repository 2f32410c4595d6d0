import { FRIEND_STREAM, PROFILE_COPY_CONSUMER, USER_STREAM, userContracts } from '@kith/event-contracts';
import { reconcileEvents } from '@kith/event-delivery';
import type { HttpHandler } from '@kith/service-kit';
import { compareCopiesWithUsers } from './compare-copies-with-users.ts';
import { compareViewsWithLists } from './compare-views-with-lists.ts';
import type { OperatorOptions } from './operator-options.ts';

/**
 * Compares outbox and stream, the users' stream and the inbox of whoever copies profiles, copies and the user service,
 * views and Postgres; changes nothing.
 */
export function reconcile({ parts, users, broker }: OperatorOptions): HttpHandler {
  return reconcileEvents({
    pool: parts.pool,
    broker,
    stream: FRIEND_STREAM,
    inboxes: [{ stream: USER_STREAM, durable: PROFILE_COPY_CONSUMER, contracts: userContracts }],
    also: async (report) => ({
      copies: await compareCopiesWithUsers(parts.pool, users, report),
      views: await compareViewsWithLists(parts, report),
    }),
  });
}
