import { createEventBus } from '@kith/event-delivery';
import type { Logger } from '@kith/service-kit';
import type { RelationshipEvent } from './domain/relationship-events.ts';
import { countRelationshipEvents } from './domain-metrics/count-relationship-events.ts';
import type { ChangedLists } from './relationships/relationships.ts';
import type { FriendListView } from './view/friend-list-view.ts';

export interface CommitTeller {
  /** After a commit: the bus and the relay hear of it; resolves when no view answers with what was before it. */
  readonly committed: (changed: ChangedLists) => Promise<void>;
  /** There is a relay from now on, and this wakes it. */
  setRelay(nudge: () => void): void;
  stop(): Promise<void>;
}

/** Post-commit hook: who hears at once that lists have moved. Whoever is missed here learns it from the outbox. */
export function tellOfCommits({ view, log }: { view: FriendListView; log: Logger }): CommitTeller {
  let nudgeRelay = () => {};
  const bus = createEventBus<RelationshipEvent>({
    onFailure: ({ event, handler, error }) =>
      log.error({ event: event.name, handler, err: error }, 'a handler of a domain event failed'),
  });
  countRelationshipEvents(bus);
  return {
    async committed({ events, revisions }) {
      bus.dispatch(events);
      nudgeRelay();
      await Promise.all([...revisions].map(([ownerId, revision]) => view.raiseFloor(ownerId, revision)));
    },
    setRelay(nudge) {
      nudgeRelay = nudge;
    },
    stop: () => bus.stop(),
  };
}
