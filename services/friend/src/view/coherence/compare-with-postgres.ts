import type { Log } from '@kith/event-delivery';
import type { ViewRedis } from '../redis/connect-redis.ts';
import type { Distrust } from './distrust-after-outages.ts';
import type { FloorsToRaise } from './keep-raising-floors.ts';
import { AheadOfPostgres, dropAhead, type OnAhead } from './spoiled-view.ts';

export interface CompareOptions {
  readonly redis: ViewRedis;
  readonly distrust: Distrust;
  readonly floors: FloorsToRaise;
  readonly log: Log;
  readonly onAhead?: OnAhead | undefined;
}

/**
 * Anti-entropy, in the background: a view that is behind Postgres has its floor raised, one that is ahead is dropped.
 */
export async function compareWithPostgres(options: CompareOptions, ownerId: string, revision: number): Promise<void> {
  const { distrust, floors } = options;
  // Postgres being away is no news to anybody here, and takes no list away from readers.
  const current = await distrust.currentRevision(ownerId).catch(() => revision);
  if (revision < current) await floors.raise(ownerId, current);
  if (revision > current) {
    await dropAhead(options, ownerId, new AheadOfPostgres(current, revision)).catch(() => distrust.doubt(ownerId));
  }
}
