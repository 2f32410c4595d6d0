import type { EventBus } from '@kith/event-delivery/domain-events';
import { Counter } from '@prometheus-io/client';
import type { RelationshipEvent } from '../domain/relationship-events.ts';

const begun = new Counter({ name: 'kith_friendships_begun_total', help: 'Friendships that began.' });
const ended = new Counter({ name: 'kith_friendships_ended_total', help: 'Friendships that ended.' });
const requestsSent = new Counter({ name: 'kith_friend_requests_sent_total', help: 'Friend requests that were sent.' });
const requestsClosed = new Counter({
  name: 'kith_friend_requests_closed_total',
  help: 'Friend requests that were accepted, declined, cancelled, or withdrawn by a block or a leaving person.',
  labelNames: ['outcome'],
});
const blocks = new Counter({ name: 'kith_people_blocked_total', help: 'Times that somebody blocked somebody.' });

/** Metrics of the domain: what happened between people since this process began. */
export function countRelationshipEvents(bus: Pick<EventBus<RelationshipEvent>, 'on'>): void {
  bus.on(() => true, count, { name: 'counts what happens between people' });
}

function count(event: RelationshipEvent): void {
  switch (event.name) {
    case 'relationship.friendship-began':
      begun.inc();
      break;
    case 'relationship.friendship-ended':
      ended.inc();
      break;
    case 'relationship.request-sent':
      requestsSent.inc();
      break;
    case 'relationship.request-closed':
      requestsClosed.inc({ outcome: event.outcome });
      break;
    case 'relationship.blocked':
      blocks.inc();
      break;
    case 'relationship.unblocked':
    case 'relationship.details-changed':
      break;
    default: {
      const unhandled: never = event;
      throw unhandled;
    }
  }
}
