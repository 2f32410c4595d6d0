import { present } from '@kith/service-kit';
import { type CompareOptions, compareWithPostgres } from './coherence/compare-with-postgres.ts';
import { AheadOfPostgres, dropAhead, dropSpoiled } from './coherence/spoiled-view.ts';
import { ViewUnavailable } from './redis/connect-redis.ts';

/**
 * Where these views stand; one that is behind, or spoiled, is missing. Only the hash with the revision is looked at: of
 * a view that has lost other parts it still tells the truth about the list's revision. Not a read in the sense of the
 * sliding expiry: a client that only watches needs no view.
 */
export async function revisionsOfViews(
  options: CompareOptions,
  ownerIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { redis, distrust, floors, log } = options;
  const trusts = ownerIds.map((ownerId) => distrust.trustIn(ownerId));
  const views = await redis.readMeta(ownerIds, ['revision', 'floor']).catch((error: unknown) => {
    if (error instanceof ViewUnavailable) return [];
    throw error;
  });
  const upToDate = new Map<string, number>();
  // Not waited for: the caller has the revision from Postgres.
  const drop = (ownerId: string, why: unknown) => void dropSpoiled(redis, ownerId, why, log).catch(() => undefined);
  await Promise.all(
    views.map(async (view, place) => {
      const ownerId = present(ownerIds[place], 'each view that was asked for is answered');
      if (view instanceof ViewUnavailable) return;
      if (view instanceof Error) return drop(ownerId, view);
      const [revisionText, floorText] = view;
      if (revisionText === null || revisionText === undefined) return;
      const revision = numberIn(revisionText);
      const floor = numberIn(floorText ?? '0');
      if (revision === undefined || floor === undefined) return drop(ownerId, 'a number is none');
      if (revision < Math.max(floor, floors.of(ownerId))) return;
      if (!distrust.believes(ownerId) || trusts[place] !== distrust.trustIn(ownerId)) {
        // Not known: the caller asks Postgres itself, and hears from it what is wrong.
        const current = await distrust.currentRevision(ownerId).catch(() => undefined);
        if (current === undefined || revision < current) return;
        if (revision > current) {
          // Waited for: it may be the end of the timeline that the caller's answer is for.
          return dropAhead(options, ownerId, new AheadOfPostgres(current, revision)).catch(() => undefined);
        }
        distrust.believe(ownerId, present(trusts[place], 'trust was read for each list that was asked for'));
      } else if (distrust.isDue(ownerId)) void compareWithPostgres(options, ownerId, revision);
      upToDate.set(ownerId, revision);
    }),
  );
  return upToDate;
}

function numberIn(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
