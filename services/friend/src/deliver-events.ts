import { type AnnouncementForm, FRIEND_SOURCE, FRIEND_STREAM } from '@kith/event-contracts';
import { deliverEvents, type EventBroker } from '@kith/event-delivery';
import type { RestoreNotices, Timeline } from '@kith/live-list';
import type { Logger, Stop } from '@kith/service-kit';
import type pg from 'pg';
import { v7 as newId } from 'uuid';
import { copyProfiles } from './consumers/copy-profiles.ts';
import { updateFriendListView } from './consumers/update-friend-list-view.ts';
import { readEvents } from './lists/read-events.ts';
import type { ChangedLists } from './relationships/relationships.ts';
import type { FriendListView } from './view/friend-list-view.ts';

export interface Delivery {
  /** Once it has answered. */
  readonly broker: EventBroker | undefined;
  /** Without streams nothing is delivered: better to be started anew than to look well. */
  readonly brokenBy: Promise<unknown>;
}

/** Publishes and consumes, as soon as the broker answers. */
export function startDelivery(using: {
  background: pg.Pool;
  upkeep: pg.Pool;
  connecting: Promise<EventBroker>;
  restores: RestoreNotices;
  view: FriendListView;
  timeline: Timeline;
  /** For the history of lists. */
  reads: pg.Pool;
  committed: (lists: ChangedLists) => Promise<void>;
  form: AnnouncementForm | undefined;
  log: Logger;
  stops: Stop[];
  /** Given what wakes the relay. */
  onStart: (nudge: () => void) => void;
}): Delivery {
  const { upkeep, background, restores, view, timeline, reads, log, stops } = using;
  let broker: EventBroker | undefined;
  const deliver = async () => {
    const connected = await using.connecting;
    broker = connected;
    stops.push(() => connected.close());
    const delivery = await deliverEvents({
      pool: upkeep,
      broker: connected,
      source: FRIEND_SOURCE,
      stream: FRIEND_STREAM,
      async beforePublishing() {
        await restores.askStream(connected);
        return true;
      },
      consumers: [
        copyProfiles({ pool: background, now: () => new Date(), newId, afterCommit: using.committed }),
        updateFriendListView({
          view,
          timeline,
          announce: (subject, payload) => connected.announce(subject, payload),
          events: (ownerId, afterRevision, limit) => readEvents(reads, ownerId, afterRevision, limit),
          form: using.form,
        }),
      ],
      log,
    });
    using.onStart(delivery.nudge);
    stops.push(() => delivery.stop());
    await delivery.started;
  };
  const brokenBy = new Promise((resolve) => deliver().catch(resolve));
  return {
    get broker() {
      return broker;
    },
    brokenBy,
  };
}
