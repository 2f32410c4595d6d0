import type { Logger } from '@kith/service-kit';
import type { ListRevisions } from './list-source.ts';
import { polledLists, pollFailures } from './watched-lists-metrics.ts';

export interface PollOptions {
  readonly everyMs: number;
  /** The lists whose revisions are asked for. */
  readonly ownerIds: () => readonly string[];
  /** Where these lists stand in the store. */
  revisionsOf(ownerIds: readonly string[]): Promise<ListRevisions>;
  /** The store has this revision. */
  readonly seen: (ownerId: string, revision: number) => void;
  /** What revisions count in is another one, or was another one a moment ago. */
  readonly newTimeline: () => void;
  /** Once it has asked for all, answered or not. */
  readonly polled?: () => void;
  readonly log: Logger;
}

/** A revision that the poll saw may be announced this moment: only one that does not come is a lost one. */
const ANNOUNCEMENT_MAY_TAKE_MS = 250;
const OWNERS_PER_POLL = 1_000;

/** Anti-entropy: asks again and again where the lists stand, since an announcement that is lost says nothing. */
export function pollRevisions(options: PollOptions): { stop(): void } {
  const { everyMs, ownerIds, revisionsOf, seen, log } = options;
  const heedTimeline = createTimelineWatch(options.newTimeline);

  async function poll(): Promise<void> {
    const owners = ownerIds();
    // What is known before anybody watches is what a later one is told from.
    if (owners.length === 0 && !heedTimeline.knows()) heedTimeline.see((await revisionsOf([])).timeline);
    for (let from = 0; from < owners.length; from += OWNERS_PER_POLL) {
      const { timeline, revisions } = await revisionsOf(owners.slice(from, from + OWNERS_PER_POLL));
      polledLists.inc(revisions.size);
      if (from === 0) heedTimeline.see(timeline);
      setTimeout(() => tell(revisions), ANNOUNCEMENT_MAY_TAKE_MS).unref();
    }
  }

  function tell(revisions: ReadonlyMap<string, number>): void {
    for (const [ownerId, revision] of revisions) seen(ownerId, revision);
  }

  return repeat(everyMs, async () => {
    try {
      await poll();
    } catch (error) {
      // The next one asks again; the service's own failure is on its own health and log.
      pollFailures.inc();
      log.debug({ err: error }, 'could not ask for the revisions of the watched lists');
    }
    options.polled?.();
  });
}

/**
 * Tells twice of another timeline: some process of the service may have answered before it knew. The first that is seen
 * may be another for lists that were answered before it.
 */
function createTimelineWatch(newTimeline: () => void) {
  let seen: string | undefined;
  let timesLeft = 0;
  return {
    knows: () => seen !== undefined,
    see(timeline: string): void {
      if (timeline !== seen) timesLeft = seen === undefined ? 1 : 2;
      seen = timeline;
      if (timesLeft === 0) return;
      timesLeft -= 1;
      newTimeline();
    },
  };
}

/** Runs `work` at once and again and again, a pause of `everyMs` between the end of one run and the next. */
function repeat(everyMs: number, work: () => Promise<void>): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const schedule = (afterMs: number) => {
    if (!stopped) timer = setTimeout(() => void work().finally(() => schedule(everyMs)), afterMs).unref();
  };
  schedule(0);
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
