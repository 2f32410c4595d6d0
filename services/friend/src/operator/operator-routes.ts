import { FRIEND_SOURCE, FRIEND_STREAM } from '@kith/event-contracts';
import { eventRoutes } from '@kith/event-delivery';
import { type HttpHandler, operatorOnly, routesOnlyFor } from '@kith/service-kit';
import { beginTimeline } from './begin-timeline.ts';
import { copyProfilesAnew } from './copy-profiles-anew.ts';
import { importFriendships } from './import-friendships.ts';
import { beginInitialImport, finishInitialImport, stageInitialPairs } from './import-initial-graph.ts';
import type { OperatorOptions } from './operator-options.ts';
import { rebuildViews } from './rebuild-views.ts';
import { reconcile } from './reconcile.ts';
import { status } from './status.ts';

/** What the `kith` command asks of this service. */
export function operatorRoutes(options: OperatorOptions): Record<string, HttpHandler> {
  const only = (handle: HttpHandler) => operatorOnly(options.operatorKey, handle);
  return {
    'POST /operator/import-friendships': only(importFriendships(options)),
    'POST /operator/initial-import': only(beginInitialImport(options)),
    'POST /operator/initial-import/pairs': only(stageInitialPairs(options)),
    'POST /operator/initial-import/lists': only(finishInitialImport(options)),
    'GET /operator/reconcile': only(reconcile(options)),
    'POST /operator/copy-profiles': only(copyProfilesAnew(options)),
    'POST /operator/rebuild-views': only(rebuildViews(options)),
    'POST /operator/timeline': only(beginTimeline(options)),
    'GET /operator/status': only(status(options)),
    ...routesOnlyFor(
      options.operatorKey,
      eventRoutes({
        pool: options.parts.pool,
        broker: options.broker,
        source: FRIEND_SOURCE,
        streams: [FRIEND_STREAM],
      }),
    ),
  };
}
