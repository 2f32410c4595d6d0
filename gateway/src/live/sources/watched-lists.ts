import { type FriendListAnnouncement, isFriendListAnnouncement, liveFriendList } from '@kith/event-contracts';
import type { EventBroker } from '@kith/event-delivery';
import type { Logger } from '@kith/service-kit';
import type { CatchUpReason, ListSubscriber } from '../list/live-list.ts';
import type { ListRevisions } from './friend-list-source.ts';
import { SharedByKey } from './shared-by-key.ts';
import {
  malformedAnnouncements,
  polledLists,
  pollFailures,
  watchedLists as watchedListsGauge,
} from './watched-lists-metrics.ts';

export interface WatchedLists {
  watch(ownerId: string, subscriber: ListSubscriber<FriendListAnnouncement>): { stop(): void };
  stop(): void;
}

export interface WatchedListsOptions {
  readonly broker: Pick<EventBroker, 'listen' | 'onReconnect'>;
  /** Where these lists stand in the store. */
  revisionsOf(ownerIds: readonly string[]): Promise<ListRevisions>;
  readonly log: Logger;
  readonly pollEveryMs?: number;
}

const POLL_EVERY_MS = 3_000;
/** A revision that the poll saw may be announced this moment: only one that does not come is a lost one. */
const ANNOUNCEMENT_MAY_TAKE_MS = 250;
const OWNERS_PER_POLL = 1_000;

/**
 * The lists that somebody watches through this gateway: one subscription at the broker for each, shared by all who
 * watch it, and one poll of all their revisions, so that a lost announcement is found even when no other follows it.
 */
export function watchLists({
  broker,
  revisionsOf,
  log,
  pollEveryMs = POLL_EVERY_MS,
}: WatchedListsOptions): WatchedLists {
  const watched = new SharedByKey((ownerId) => {
    const subscribers = new Set<ListSubscriber<FriendListAnnouncement>>();
    const listening = broker.listen(liveFriendList(ownerId), (payload) => {
      const change = readAnnouncement(payload, ownerId, log);
      if (change) for (const subscriber of subscribers) subscriber.hear(change, payload.length);
    });
    watchedListsGauge.inc();
    return {
      subscribers,
      stop() {
        watchedListsGauge.dec();
        void listening.stop();
      },
    };
  });

  function doubtAll(reason: CatchUpReason): void {
    for (const [, { subscribers }] of watched.entries()) {
      for (const subscriber of subscribers) subscriber.doubt(reason);
    }
  }

  const reconnected = broker.onReconnect(() => doubtAll('BROKER_RECONNECTED'));

  let timelineSeen: string | undefined;
  let doubtsLeft = 0;
  /** Twice: some process of the friend service may have answered the first time before it knew. */
  function heedTimeline(timeline: string): void {
    if (timelineSeen !== undefined && timeline !== timelineSeen) doubtsLeft = 2;
    timelineSeen = timeline;
    if (doubtsLeft === 0) return;
    doubtsLeft -= 1;
    doubtAll('NEW_TIMELINE');
  }

  async function poll(): Promise<void> {
    const owners = watched.entries().map(([ownerId]) => ownerId);
    for (let from = 0; from < owners.length; from += OWNERS_PER_POLL) {
      const { timeline, revisions } = await revisionsOf(owners.slice(from, from + OWNERS_PER_POLL));
      polledLists.inc(revisions.size);
      if (from === 0) heedTimeline(timeline);
      setTimeout(() => tell(revisions), ANNOUNCEMENT_MAY_TAKE_MS).unref();
    }
  }

  function tell(revisions: ReadonlyMap<string, number>): void {
    for (const [ownerId, revision] of revisions) {
      for (const subscriber of watched.find(ownerId)?.subscribers ?? []) subscriber.ahead(revision);
    }
  }

  const polling = repeat(pollEveryMs, async () => {
    try {
      await poll();
    } catch (error) {
      // The next one asks again; the friend service's own failure is on its own health and log.
      pollFailures.inc();
      log.debug({ err: error }, 'could not ask for the revisions of the watched lists');
    }
  });

  return {
    watch(ownerId, subscriber) {
      const { resource, release } = watched.take(ownerId);
      resource.subscribers.add(subscriber);
      return {
        stop() {
          resource.subscribers.delete(subscriber);
          release();
        },
      };
    },
    stop() {
      polling.stop();
      void reconnected.stop();
      for (const [, resource] of watched.entries()) resource.stop();
    },
  };
}

function readAnnouncement(payload: string, ownerId: string, log: Logger): FriendListAnnouncement | undefined {
  const read = parseJson(payload);
  if (isFriendListAnnouncement(read)) return read;
  malformedAnnouncements.inc();
  const { __typename, revision } = (read ?? {}) as Partial<FriendListAnnouncement>;
  log.warn({ ownerId, __typename, revision }, 'an announcement could not be read: its subscribers catch up');
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Runs `work` again and again, a pause of `everyMs` between the end of one run and the next. */
function repeat(everyMs: number, work: () => Promise<void>): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const schedule = () => {
    if (!stopped) timer = setTimeout(() => void work().finally(schedule), everyMs).unref();
  };
  schedule();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
