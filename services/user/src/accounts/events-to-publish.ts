import { userDeleted, userProfileChanged, userRegistered } from '@kith/event-contracts';
import { draftEvent, type OutboxEvent, versionOf } from '@kith/event-delivery';
import { currentTraceparent, invariant } from '@kith/service-kit';
import type { UserEvent } from '../domain/user-events.ts';

/**
 * Translates domain events to integration events for other services: one or none. Its revision is the user's version.
 */
export function eventsToPublish(events: readonly UserEvent[]): OutboxEvent[] {
  const published = events.flatMap(externalOf);
  for (const [at, { ownerId, revision }] of published.entries()) {
    const before = published[at - 1];
    if (before?.ownerId !== ownerId) continue;
    invariant(revision === before.revision + 1, 'each event raises the version of its user by one (S19)', () => ({
      ...{ ownerId, before: before.revision, revision },
    }));
  }
  return published;
}

function externalOf(event: UserEvent): OutboxEvent | [] {
  switch (event.name) {
    case 'user.registered':
      return draftEvent(userRegistered, { ...placeOf(event), data: event.profile });
    case 'user.profile-changed':
      return draftEvent(userProfileChanged, { ...placeOf(event), data: { before: event.before, after: event.after } });
    case 'user.deleted':
      return draftEvent(userDeleted, { ...placeOf(event), data: {} });
    case 'user.password-changed':
      return [];
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}

function placeOf(event: UserEvent) {
  return {
    eventId: event.id,
    ownerId: event.source.id,
    revision: versionOf(event.source),
    occurredAt: event.occurredAt,
    traceparent: currentTraceparent(),
  };
}
