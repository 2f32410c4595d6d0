import type { Envelope } from '@kith/event-delivery/envelope';
import { type LiveList, placeOf } from '../catch-up/live-list.ts';

/** Of the form below. A gateway of the version before has to be able to read it, or its poll finds the change. */
const FORM = 2;

/** The subject of core NATS on which gateways hear of a list; nothing is stored there. */
export function liveSubject(kind: string, ownerId: string): string {
  return `live.${kind}.${ownerId}`;
}

/**
 * The announcement of one change, as gateways read it (`LiveAnnouncement` in Kith's event contracts). `recheck` after a
 * change by which somebody may lose the right to watch: the gateway then asks `mayWatch` of all who watch.
 */
export function writeAnnouncement<Event extends Envelope, Change extends object>(
  kind: string,
  list: Pick<LiveList<Event, Change, unknown>, 'cursors' | 'changeOf'> & { history: { readonly timeline: string } },
  event: Event,
  recheck = false,
): string {
  const { ownerId, revision } = event;
  const place = placeOf(list, event);
  return JSON.stringify({
    ...{ v: FORM, kind, owner: ownerId, timeline: list.history.timeline, revision, occurredAt: place.occurredAt },
    change: list.changeOf(event, place),
    ...(recheck ? { recheck } : {}),
  });
}
