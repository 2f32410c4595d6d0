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
import { announceChanges, type Timeline } from '@kith/live-list';
import { friendListCursors, tellOfBroken } from '../lists/friend-live-list.ts';
import { changeAnswer, type FriendListEvent, isShown } from '../lists/list-change.ts';
import { viewChangeOf } from '../lists/view-change.ts';
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

/** Projection into the read model: brings the view of a friend list up to each change, then announces it. */
export function updateFriendListView(
  options: UpdateFriendListViewOptions,
): ConsumerDefinition<(typeof friendListContracts)[number]> {
  const { view, timeline, events, form } = options;

  function announce(event: FriendListEvent): void {
    // Who watches a list while it is imported hears of it from the gateway's poll, as of an announcement that is lost.
    if (!isShown(event)) return;
    const { ownerId, revision } = event;
    const list = { kind: FRIEND_LIST, owner: ownerId, timeline: timeline.current };
    const cursor = friendListCursors.write({ timeline: list.timeline, ownerId, revision, complete: true });
    options.announce(liveFriendList(ownerId), writeAnnouncement(list, changeAnswer(event, cursor), form));
  }

  return announceChanges({
    stream: FRIEND_STREAM,
    durable: FRIEND_LIST_VIEW_CONSUMER,
    contracts: friendListContracts,
    timeline,
    events,
    announce,
    apply: (event) => view.apply(event.ownerId, event.revision, viewChangeOf(event)),
    onBroken: tellOfBroken,
  });
}
