import { type FriendListAnnouncement, isFriendListAnnouncement, liveFriendList } from '@kith/event-contracts';
import type { EventBroker } from '@kith/event-delivery';
import type { Logger } from '@kith/service-kit';
import type { CatchUpReason, ListSubscriber } from '../list/live-list-inputs.ts';
import type { ListRevisions } from './friend-list-source.ts';
import { pollRevisions } from './poll-revisions.ts';
import { SharedByKey } from './shared-by-key.ts';
import { malformedAnnouncements, watchedLists as watchedListsGauge } from './watched-lists-metrics.ts';

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
  const watched = new SharedByKey((ownerId) => hearAnnouncements(ownerId, broker, log));

  function doubtAll(reason: CatchUpReason): void {
    for (const [, { subscribers }] of watched.entries()) {
      for (const subscriber of subscribers) subscriber.doubt(reason);
    }
  }

  const reconnected = broker.onReconnect(() => doubtAll('BROKER_RECONNECTED'));

  const polling = pollRevisions({
    everyMs: pollEveryMs,
    ownerIds: () => watched.entries().map(([ownerId]) => ownerId),
    revisionsOf,
    seen(ownerId, revision) {
      for (const subscriber of watched.find(ownerId)?.subscribers ?? []) subscriber.ahead(revision);
    },
    newTimeline: () => doubtAll('NEW_TIMELINE'),
    log,
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

/** One subscription at the broker, for all who watch this list. */
function hearAnnouncements(ownerId: string, broker: WatchedListsOptions['broker'], log: Logger) {
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
