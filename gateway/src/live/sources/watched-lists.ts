import { type HeardAnnouncement, liveList, readAnnouncement } from '@kith/event-contracts';
import type { EventBroker } from '@kith/event-delivery';
import type { Logger } from '@kith/service-kit';
import type { ListChange } from '../list/list-change.ts';
import type { CatchUpReason, ListSubscriber } from '../list/live-list-inputs.ts';
import type { ListRevisions, Watching } from './list-source.ts';
import { pollRevisions } from './poll-revisions.ts';
import { type RecheckedWatchers, recheckWatchers, type Watcher, whoMayNot } from './recheck-watchers.ts';
import { SharedByKey } from './shared-by-key.ts';
import { countParsed, malformedAnnouncements, watchedLists as watchedListsGauge } from './watched-lists-metrics.ts';

export interface WatchedLists {
  /** A `watcher` is somebody who may be refused the list later. */
  watch(owner: string, subscriber: ListSubscriber<ListChange>, watcher?: Watcher): { stop(): void };
  stop(): void;
}

export interface WatchedListsOptions {
  readonly broker: Pick<EventBroker, 'listen' | 'onReconnect'>;
  readonly kind: string;
  /** Whether it is a change as the schema has it. */
  isChange(value: { readonly __typename: string }): boolean;
  /** Where these lists stand in the store. */
  revisionsOf(owners: readonly string[]): Promise<ListRevisions>;
  mayWatch(watching: readonly Watching[]): Promise<readonly boolean[]>;
  readonly log: Logger;
  readonly pollEveryMs?: number;
}

const POLL_EVERY_MS = 3_000;
/** Half a minute. */
const POLLS_BETWEEN_CHECKS = 10;

/**
 * The lists of one kind that somebody watches through this gateway: one subscription at the broker for each, shared by
 * all who watch it, and one poll of all their revisions, so that a lost announcement is found even when no other follows
 * it.
 */
export function watchLists(options: WatchedListsOptions): WatchedLists {
  const { broker, revisionsOf, log, pollEveryMs = POLL_EVERY_MS } = options;
  /** What the store's revisions count in, as far as that is known. */
  let timeline: string | undefined;
  const timelineNow = () => timeline;
  const watched = new SharedByKey((owner) => new HeardList(owner, options, timelineNow));

  function doubtAll(reason: CatchUpReason): void {
    for (const [, { subscribers }] of watched.entries()) {
      for (const subscriber of subscribers) subscriber.doubt(reason);
    }
  }

  /** What was announced of who may watch may have been lost: all of them are asked about, together. */
  let polls = 0;
  async function recheckAll(): Promise<void> {
    const watching = watched
      .entries()
      .flatMap(([owner, { rechecked }]) => rechecked?.viewerIds().map((viewerId) => ({ owner, viewerId })) ?? []);
    try {
      for (const { owner, viewerId } of await whoMayNot(watching, options.mayWatch)) {
        watched.find(owner)?.rechecked?.refuse(viewerId);
      }
    } catch (err) {
      log.debug({ err, kind: options.kind }, 'could not ask who may still watch lists');
    }
  }

  const reconnected = broker.onReconnect(() => doubtAll('BROKER_RECONNECTED'));

  const polling = pollRevisions({
    everyMs: pollEveryMs,
    ownerIds: () => watched.entries().map(([owner]) => owner),
    async revisionsOf(owners) {
      const standing = await revisionsOf(owners);
      timeline = standing.timeline;
      return standing;
    },
    seen(owner, revision) {
      for (const subscriber of watched.find(owner)?.subscribers ?? []) subscriber.ahead(revision);
    },
    newTimeline: () => doubtAll('NEW_TIMELINE'),
    polled() {
      polls += 1;
      if (polls % POLLS_BETWEEN_CHECKS === 0) void recheckAll();
    },
    log,
  });

  return {
    watch(owner, subscriber, watcher) {
      const { resource, release } = watched.take(owner);
      resource.subscribers.add(subscriber);
      const rechecked = watcher && resource.recheck(watcher);
      return {
        stop() {
          resource.subscribers.delete(subscriber);
          rechecked?.stop();
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

/** One subscription at the broker, for all who watch this list. A class, because closures of each list weigh more. */
class HeardList {
  readonly kind: string;
  readonly owner: string;
  readonly subscribers = new Set<ListSubscriber<ListChange>>();
  readonly #options: WatchedListsOptions;
  readonly #timeline: () => string | undefined;
  readonly #listening: { stop(): unknown };
  /** Most lists are watched by their owners alone, of whom nobody asks. */
  #rechecking: RecheckedWatchers | undefined;

  constructor(owner: string, options: WatchedListsOptions, timeline: () => string | undefined) {
    this.kind = options.kind;
    this.owner = owner;
    this.#options = options;
    this.#timeline = timeline;
    this.#listening = options.broker.listen(liveList(this.kind, owner), (payload) => this.#hear(payload));
    watchedListsGauge.inc();
  }

  recheck(watcher: Watcher): { stop(): void } {
    this.#rechecking ??= recheckWatchers({
      ...{ owner: this.owner, mayWatch: this.#options.mayWatch, log: this.#options.log },
      hand: (heard, bytes) => this.#hand(heard, bytes),
      doubt: () => this.#doubt('RECHECKED'),
    });
    return this.#rechecking.add(watcher);
  }

  get rechecked(): RecheckedWatchers | undefined {
    return this.#rechecking;
  }

  stop(): void {
    watchedListsGauge.dec();
    void this.#listening.stop();
  }

  #hear(payload: string): void {
    countParsed();
    const heard = readAnnouncement(payload, this);
    const timeline = this.#timeline();
    if (!heard || !this.#options.isChange(heard.change)) dropped(payload, this, this.#options.log);
    // It counts in other revisions than the store, or the store has begun anew: what it answers is what holds.
    else if (heard.timeline !== undefined && timeline !== undefined && heard.timeline !== timeline) {
      this.#doubt('NEW_TIMELINE');
    } else if (this.#rechecking?.holds(heard)) this.#rechecking.hold(heard, payload.length);
    else this.#hand(heard, payload.length);
  }

  #hand({ change }: HeardAnnouncement, bytes: number): void {
    for (const subscriber of this.subscribers) subscriber.hear(change as ListChange, bytes);
  }

  #doubt(reason: CatchUpReason): void {
    for (const subscriber of this.subscribers) subscriber.doubt(reason);
  }
}

function dropped(payload: string, { kind, owner }: HeardList, log: Logger): void {
  malformedAnnouncements.inc();
  const announced = payload.slice(0, 200);
  log.warn({ kind, owner, announced }, 'an announcement could not be read: its subscribers catch up');
}
