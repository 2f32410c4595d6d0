import {
  type AnnouncementForm,
  FRIEND_LIST,
  FRIEND_LIST_VIEW_CONSUMER,
  FRIEND_STREAM,
  friendListContracts,
  liveFriendList,
  writeAnnouncement,
} from '@kith/event-contracts';
import type { ConsumerDefinition } from '@kith/event-delivery';
import { invariant } from '@kith/service-kit';
import { changeAnswer, type FriendListEvent } from '../lists/list-change.ts';
import { writeListCursor } from '../lists/list-cursor.ts';
import { viewChangeOf } from '../lists/view-change.ts';
import type { Timeline } from '../timeline/follow-timeline.ts';
import type { FriendListView } from '../view/friend-list-view.ts';

export interface UpdateFriendListViewOptions {
  readonly view: Pick<FriendListView, 'apply'>;
  /** As it is now. */
  readonly timeline: Pick<Timeline, 'current' | 'holds'>;
  readonly announce: (subject: string, payload: string) => void;
  /** 1 while there are gateways of the version before. */
  readonly form?: AnnouncementForm | undefined;
  /** The list's history, for what the view has not had. */
  readonly events: (ownerId: string, afterRevision: number, limit: number) => Promise<readonly FriendListEvent[]>;
}

/** A hole longer than this is cheaper to load than to walk: the view is left behind, and a reader loads it anew. */
const LONGEST_HOLE = 500;
/** While Redis is away: how long at most a change waits to be announced when the view is behind. */
const MOST_MS_BETWEEN_TRIES = 1_000;
/** Changes that are announced though the view does not have them; what is beyond that is found by the gateway's poll. */
const ANNOUNCED_AHEAD = 100;

/**
 * Projection into the read model, idempotent by revision: brings the view up to each change, then announces it. In this
 * order, so that whoever hears of a change and reads the
 * list finds it there. The announcement goes out even when Redis does not answer; the event is then tried again until
 * the view has it, and announcing twice is harmless, since every listener compares revisions.
 */
export function updateFriendListView(
  options: UpdateFriendListViewOptions,
): ConsumerDefinition<(typeof friendListContracts)[number]> {
  const { view, timeline, form } = options;

  async function apply(event: FriendListEvent): Promise<void> {
    const { ownerId, revision } = event;
    const outcome = await view.apply(ownerId, revision, viewChangeOf(event));
    if (outcome.outcome !== 'hole') return;
    const missing = revision - outcome.viewRevision;
    invariant(missing > 1, 'a view with a hole before a change lies below it (S15)', () => ({
      ownerId,
      revision,
      outcome,
    }));
    if (missing > LONGEST_HOLE) return;
    for (const earlier of await options.events(ownerId, outcome.viewRevision, missing)) {
      assertSameList(earlier, event);
      await view.apply(ownerId, earlier.revision, viewChangeOf(earlier));
    }
  }

  function announce(event: FriendListEvent): void {
    const { ownerId, revision } = event;
    const list = { kind: FRIEND_LIST, owner: ownerId, timeline: timeline.current };
    const cursor = writeListCursor({ timeline: list.timeline, ownerId, revision, complete: true });
    options.announce(liveFriendList(ownerId), writeAnnouncement(list, changeAnswer(event, cursor), form));
  }

  return {
    stream: FRIEND_STREAM,
    durable: FRIEND_LIST_VIEW_CONSUMER,
    contracts: friendListContracts,
    concurrency: 64,
    retry: { firstMs: 50, mostMs: MOST_MS_BETWEEN_TRIES },
    async handle(event) {
      // Of a time that was lost: the list has another change at this revision, or none.
      if (!(await timeline.holds(event))) return;
      try {
        await apply(event);
      } catch (error) {
        announce(event);
        // This event is tried again until the view has it, and those behind it on its list wait. Who listens need not.
        const behind = await options.events(event.ownerId, event.revision, ANNOUNCED_AHEAD).catch(() => []);
        for (const later of behind) announce(assertSameList(later, event));
        throw error;
      }
      announce(event);
    },
  };
}

function assertSameList(read: FriendListEvent, event: FriendListEvent): FriendListEvent {
  invariant(read.ownerId === event.ownerId, 'what is applied and announced for a list is of its owner (S16)', () => ({
    ...{ read: read.ownerId, event: event.ownerId },
  }));
  return read;
}
