import type { Envelope } from '@kith/event-delivery/envelope';
import { inPages, type LiveList } from '../catch-up/live-list.ts';
import { cursorsOfKind } from '../cursors/list-cursor.ts';

export const idOf = (n: number): string => `0197a000-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const OWNER = idOf(1);
export const TIMELINE = idOf(99);
export const cursors = cursorsOfKind('shelf');

export type Changed = Envelope<'shelf.changed', { readonly book: string }>;
interface Change {
  readonly book: string;
  readonly revision: number;
  readonly cursor: string;
}
interface Page {
  readonly books: readonly string[];
}

export const cursorAt = (revision: number, more = {}) =>
  cursors.write({ timeline: TIMELINE, ownerId: OWNER, revision, complete: true, ...more });

export function changedAt(revision: number): Changed {
  return {
    id: idOf(revision),
    source: 'test/shelf',
    name: 'shelf.changed',
    ownerId: OWNER,
    revision,
    occurredAt: new Date(revision * 1_000),
    data: { book: `book ${revision}` },
  };
}

/** A shelf with so many books, after so many changes; `kept` says which of these are still known. */
export function aShelf(
  books: number,
  revision: number,
  kept: (revision: number) => boolean = () => true,
): LiveList<Changed, Change, Page> {
  return {
    cursors,
    changeOf: ({ data }, place) => ({ ...place, book: data.book }),
    history: {
      timeline: TIMELINE,
      revision: async () => revision,
      revisions: async (ownerIds) => new Map(ownerIds.map((ownerId) => [ownerId, ownerId === OWNER ? revision : 0])),
      events: async (_ownerId, after, limit) =>
        Array.from({ length: revision - after }, (_, at) => after + 1 + at)
          .filter(kept)
          .slice(0, limit)
          .map(changedAt),
      whole: async () => {
        const all = Array.from({ length: books }, (_, at) => `book ${at}`);
        return { revision, pages: inPages(all, 200).map((page) => ({ books: page })) };
      },
    },
  };
}
