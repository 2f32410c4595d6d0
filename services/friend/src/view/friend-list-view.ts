import type { Log } from '@kith/event-delivery';
import { atMostAtOnce, KithError } from '@kith/service-kit';
import { Distrust, type LoadRevisions } from './coherence/distrust-after-outages.ts';
import { FloorsToRaise } from './coherence/keep-raising-floors.ts';
import { pauseAfterFailures } from './coherence/pause-after-failures.ts';
import { dropSpoiled, isSpoiled, type OnAhead } from './coherence/spoiled-view.ts';
import { digestViews, type ViewDigest } from './digest-views.ts';
import { writeEntry } from './entries/list-entry.ts';
import type { ListState, ViewChange } from './entries/list-state.ts';
import { type InspectedView, inspectView } from './inspect-view.ts';
import { askForFriend, type FoundFriend } from './questions/ask-for-friend.ts';
import { askForPage, type FriendPage, type PageRequest } from './questions/ask-for-page.ts';
import { askForWholeList } from './questions/ask-for-whole-list.ts';
import { oneBatchPerOwner } from './questions/one-batch-per-owner.ts';
import { readList } from './read-list.ts';
import { type ViewRedis, ViewUnavailable } from './redis/connect-redis.ts';
import { revisionsOfViews } from './revisions-of-views.ts';

export interface FriendListViewOptions {
  /** From connectRedis; whoever connected it closes it, after stopping the view. */
  readonly redis: ViewRedis;
  /** Reads a list from the primary database in one snapshot; for somebody without a list, revision 0 and nothing. */
  readonly load: (ownerId: string) => Promise<ListState>;
  readonly loadRevisions: LoadRevisions;
  readonly log: Log;
  readonly onAhead?: OnAhead;
  /** A view that nobody reads for so long goes. Default: a day. */
  readonly expireAfterMs?: number;
  /** How long a loader may take before another may start. Default: 5 s. */
  readonly leaseMs?: number;
  /** How long a reader waits for the consumer to bring a view up to its floor. Default: 30 ms. */
  readonly waitForConsumerMs?: number;
  /** How long a reader waits for another process to load a view, before going to Postgres too. Default: 500 ms. */
  readonly waitForLoaderMs?: number;
  readonly pollEveryMs?: number;
  /** Lists being loaded at a time in this process. Default: 8. */
  readonly mostLoads?: number;
  /**
   * After a failure, how long Redis is left alone; also how often floors that it missed are tried again. Default: 200
   * ms.
   */
  readonly pauseAfterFailureMs?: number;
  /** How often a view in use is compared with Postgres, in the background. Default: a minute. */
  readonly compareEveryMs?: number;
}

type Applied =
  | { readonly outcome: 'applied' | 'duplicate' | 'no-view' }
  | { readonly outcome: 'hole'; readonly viewRevision: number };

/**
 * Read model (materialized view): everybody's friend list in Redis, ready to read. Reads answer with the list as it was
 * at one revision, and never without a change whose `raiseFloor` had resolved when they were called. Answers are shared
 * between callers: change none.
 */
export interface FriendListView {
  /**
   * Applies what one revision did. On a hole the caller applies the revisions between first, from the outbox. Rejects
   * with ViewUnavailable when Redis is away: the caller keeps the event and tries again until it is answered.
   */
  apply(ownerId: string, revision: number, change: ViewChange): Promise<Applied>;
  /** No reader sees less than this from now on. Resolves also when Redis is away; then it is kept trying. */
  raiseFloor(ownerId: string, revision: number): Promise<void>;
  /** Of the view; undefined when there is none that is up to date. */
  revision(ownerId: string): Promise<number | undefined>;
  /** The same for many in one round trip; those without a view up to date are missing from the answer. */
  revisions(ownerIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Throws BadPageCursor. What it costs does not depend on the list's length, unless it is filtered. */
  page(ownerId: string, request: PageRequest): Promise<FriendPage>;
  find(ownerId: string, userId: string): Promise<FoundFriend>;
  whole(ownerId: string): Promise<ListState>;
  /**
   * What the view holds, right or wrong, without loading or prolonging it: for reconciling. Rejects with
   * ViewUnavailable.
   */
  stored(ownerId: string): Promise<ListState | undefined>;
  /** The same, part by part, with whatever is wrong in it. Rejects with ViewUnavailable. */
  inspect(ownerId: string): Promise<InspectedView>;
  /**
   * Of these lists those of which anything is kept, by owner: a digest of the view, as `digestLists` makes it of the rows,
   * or undefined where it has to be inspected. Rejects with ViewUnavailable.
   */
  digests(ownerIds: readonly string[]): Promise<ReadonlyMap<string, ViewDigest | undefined>>;
  /** Throws the view away and loads it anew; answers its revision. Rejects with ViewUnavailable. */
  rebuild(ownerId: string): Promise<number>;
  /** Revisions count anew: what was to be seen at least, and what was believed, was of the timeline before. */
  timelineBegan(): void;
  stop(): void;
}

/** After Redis was emptied everybody's list is loaded: those who come first first, and who could not be served in time is told. */
const LINE_FOR_LOADS = {
  mayWait: 2_000,
  refusal: () =>
    new KithError('SERVICE_UNAVAILABLE', 'Many lists are loaded at this moment: try again in a moment.', {
      retryAfterMs: 1_000,
    }),
};

export function createFriendListView(options: FriendListViewOptions): FriendListView {
  const { log, onAhead } = options;
  const pauseMs = options.pauseAfterFailureMs ?? 200;
  const distrust = new Distrust({
    loadRevisions: options.loadRevisions,
    compareEveryMs: options.compareEveryMs ?? 60_000,
    mostOwners: 50_000,
    placeOf: options.redis.placeOf,
  });
  const redis = pauseAfterFailures(options.redis, { pauseMs, onFailure: (ownerId) => distrust.failedFor(ownerId) });
  const floors = new FloorsToRaise({
    async raise(ownerId, revision) {
      const reached = await changeOrForget(redis, ownerId, log, () => redis.run('raise-floor', ownerId, [revision]));
      // Another change may be that fast; a revision that Postgres has not had is spoiled.
      if (Number(reached) > revision) distrust.doubt(ownerId);
    },
    retryEveryMs: pauseMs,
    mostOwners: 10_000,
    log,
  });
  redis.onReady(() => floors.retryNow());
  const withSlot = atMostAtOnce(options.mostLoads ?? 8, LINE_FOR_LOADS);
  const ask = oneBatchPerOwner(readList({ ...readingOf(options), redis, distrust, floors, withSlot }));

  const revisions = (ownerIds: readonly string[]) =>
    revisionsOfViews({ redis, distrust, floors, log, onAhead }, ownerIds);

  const inspect = async (ownerId: string) => inspectView((await redis.run('stored-list', ownerId, [])) as unknown[]);

  return {
    async apply(ownerId, revision, change) {
      const reply = await changeOrForget(redis, ownerId, log, () =>
        redis.run('apply', ownerId, [revision, ...changeArgs(change)]),
      );
      const [outcome, viewRevision] = (reply ?? ['no-view']) as [Applied['outcome'], number];
      if (outcome === 'duplicate' && viewRevision > revision) distrust.doubt(ownerId);
      return outcome === 'hole' ? { outcome, viewRevision } : { outcome };
    },

    raiseFloor: (ownerId, revision) => floors.raise(ownerId, revision),

    revision: async (ownerId) => (await revisions([ownerId])).get(ownerId),
    revisions,

    page: async (ownerId, request) => ask(ownerId, askForPage(request)),
    find: (ownerId, userId) => ask(ownerId, askForFriend(userId)),
    whole: (ownerId) => ask(ownerId, askForWholeList()),

    stored: async (ownerId) => (await inspect(ownerId)).state,
    inspect,
    digests: (ownerIds) => digestViews(redis, ownerIds),

    async rebuild(ownerId) {
      await redis.run('forget', ownerId, []);
      return (await ask(ownerId, askForWholeList())).revision;
    },

    timelineBegan() {
      floors.forget();
      distrust.outage();
    },

    stop: () => floors.stop(),
  };
}

/** How reads go about it, unless it is said otherwise. */
function readingOf({ load, log, onAhead, ...options }: FriendListViewOptions) {
  return {
    load,
    log,
    onAhead,
    expireAfterMs: options.expireAfterMs ?? 24 * 60 * 60 * 1000,
    leaseMs: options.leaseMs ?? 5_000,
    waitForConsumerMs: options.waitForConsumerMs ?? 30,
    waitForLoaderMs: options.waitForLoaderMs ?? 500,
    pollEveryMs: options.pollEveryMs ?? 2,
  };
}

/**
 * A Redis that is full refuses to change a view, and would go on showing it unchanged. It never refuses to delete: a
 * view that cannot be changed is forgotten, and undefined returned.
 */
async function changeOrForget<T>(
  redis: ViewRedis,
  ownerId: string,
  log: Log,
  change: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof ViewUnavailable && error.refused)) throw error;
    if (isSpoiled(error)) await dropSpoiled(redis, ownerId, error, log);
    else await redis.run('forget', ownerId, []);
    return undefined;
  }
}

function changeArgs(change: ViewChange): [kind: string, id: string, value: string] {
  switch (change.kind) {
    case 'put-friend':
      return [change.kind, change.friend.userId, writeEntry(change.friend)];
    case 'put-friends':
      return [change.kind, '', ''];
    case 'remove-friend':
      return [change.kind, change.userId, ''];
    case 'put-request':
      return [change.kind, change.request.id, JSON.stringify(change.request)];
    case 'remove-request':
      return [change.kind, change.requestId, ''];
    default: {
      const unhandled: never = change;
      return unhandled;
    }
  }
}
