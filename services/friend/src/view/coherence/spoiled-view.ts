import type { Log } from '@kith/event-delivery';
import { Counter } from '@prometheus-io/client';
import { type ViewRedis, ViewUnavailable } from '../redis/connect-redis.ts';

const dropped = new Counter({
  name: 'kith_views_dropped_total',
  help: 'Views that could not be read or contradicted themselves or Postgres, and were thrown away to be loaded anew.',
});

/** What stands in Redis is no view: unreadable, in contradiction with itself, or ahead of Postgres. */
export class SpoiledView extends ViewUnavailable {
  constructor(cause: unknown) {
    super(cause);
    this.name = 'SpoiledView';
  }
}

/** Changes are committed before they are shown: no view is newer than what Postgres answers afterwards. */
export class AheadOfPostgres extends SpoiledView {
  constructor(current: number, revision: number) {
    super(`it stands at revision ${revision}, Postgres at ${current}`);
    this.name = 'AheadOfPostgres';
  }
}

/**
 * Whether a call failed because of what one view holds: a key of another type, or a value that a script cannot work
 * with. Being full, read-only or loading is the server's, not the view's.
 */
export function isSpoiled(error: unknown): boolean {
  if (error instanceof SpoiledView) return true;
  return error instanceof ViewUnavailable && error.refused && /: (WRONGTYPE|ERR .*user_script)/.test(error.message);
}

/** Throws a spoiled view away, so that the next reader loads it from Postgres. Rejects with ViewUnavailable. */
export async function dropSpoiled(redis: ViewRedis, ownerId: string, why: unknown, log: Log): Promise<void> {
  dropped.inc();
  log.warn({ ownerId, error: String(why) }, 'a friend-list view was spoiled: it is dropped and loaded anew');
  await redis.run('forget', ownerId, []);
}

/** Told of a view that is ahead of Postgres, before it is dropped: what its owner did may have been lost with a database. */
export type OnAhead = (ownerId: string) => Promise<void>;

/** Drops a view that is ahead, once whoever has to know of it has been told. Rejects with ViewUnavailable. */
export async function dropAhead(
  options: { redis: ViewRedis; log: Log; onAhead?: OnAhead | undefined },
  ownerId: string,
  why: SpoiledView,
): Promise<void> {
  const { redis, log, onAhead } = options;
  await onAhead?.(ownerId);
  await dropSpoiled(redis, ownerId, why, log);
}
