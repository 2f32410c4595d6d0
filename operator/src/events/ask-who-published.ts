import type { OperatorAccess } from '@kith/local';
import { publisherOf } from '@kith/services';
import type { FoundDifference } from './repair-differences.ts';
import { pagesOf } from './show-events.ts';

/**
 * Tells whether the publisher knows an event that an inbox lacks. A publisher whose database was restored may not: then
 * there is nothing to handle, and its own comparison has given up the event, or names it. Asks once per owner.
 */
export function asksWhoPublished(access: OperatorAccess): (difference: FoundDifference) => Promise<boolean> {
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  return async ({ check, stream, owner, eventId }) => {
    const publisher = publisherOf(stream);
    if (check !== 'inbox' || publisher === undefined || eventId === undefined) return true;
    const key = `${publisher} ${owner}`;
    const asked = known.get(key) ?? eventsOf(access, publisher, owner);
    known.set(key, asked);
    return (await asked).has(eventId.toLowerCase());
  };
}

async function eventsOf(access: OperatorAccess, publisher: Parameters<typeof pagesOf>[1], owner: string) {
  const ids = new Set<string>();
  for await (const { eventId } of pagesOf(access, publisher, { owner })) ids.add(eventId.toLowerCase());
  return ids;
}
