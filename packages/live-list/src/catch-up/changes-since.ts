import type { Envelope } from '@kith/event-delivery/envelope';
import {
  assertHolds,
  type LiveList,
  placeOf,
  type SnapshotPage,
  type SnapshotPart,
  type SnapshotReason,
  type WholeList,
} from './live-list.ts';

/** What happened to a list since a cursor, as the changes query answers it. */
export interface ListDelta<Change> {
  readonly changes: readonly Change[];
  readonly cursor: string;
  /** The list's revision at `cursor`. */
  readonly revision: number;
  readonly hasMore: boolean;
}

/**
 * Catch-up subscription: what happened to a list since a cursor, at most `first` changes, each revision exactly once
 * and in order. Without a cursor, or with one whose history is gone or is not this list's, the whole list at one
 * revision instead, in pages: what changes meanwhile comes after it and is never mixed into it. A list that is too large
 * for one answer comes in parts, of which all but the last have more; the answer's cursor asks for the next.
 *
 * @throws {SnapshotExpired} when that part of a snapshot is not kept any more
 * @throws {ListBroken} when the history is of another list, or out of order
 */
export async function changesSince<Event extends Envelope, Change, Content>(
  list: LiveList<Event, Change, Content>,
  ownerId: string,
  after: string | null | undefined,
  first: number,
): Promise<ListDelta<Change | SnapshotPage<Content>>> {
  const { history, cursors } = list;
  if (after === null || after === undefined) return snapshot(list, ownerId, 'SUBSCRIBED');
  const part = await history.part?.(ownerId, after);
  if (part) {
    const isBehind = async () => (await history.revision(ownerId)) > part.revision;
    const answer = answerOf(list, ownerId, 'SUBSCRIBED', part);
    return answer.hasMore ? answer : { ...answer, hasMore: await isBehind() };
  }
  const cursor = cursors.read(after);
  if (!cursor || cursor.ownerId !== ownerId || cursor.timeline !== history.timeline) {
    return snapshot(list, ownerId, 'CURSOR_INVALID');
  }
  if (!cursor.complete) return snapshot(list, ownerId, 'SUBSCRIBED');

  const revision = await history.revision(ownerId);
  // A list that is found to be behind its view may end the timeline.
  if (cursor.timeline !== history.timeline || cursor.revision > revision) {
    return snapshot(list, ownerId, 'CURSOR_INVALID');
  }
  if (cursor.revision === revision) return { changes: [], cursor: after, revision, hasMore: false };

  const expected = Math.min(first + 1, revision - cursor.revision);
  const events = await history.events(ownerId, cursor.revision, first + 1);
  assertHolds(
    events.every(
      (event, at) => event.ownerId === ownerId && event.revision > (events[at - 1]?.revision ?? cursor.revision),
    ),
    'the history of a list is its own, in order (S14)',
    () => ({ ownerId, after: cursor.revision, events: events.map((event) => [event.ownerId, event.revision]) }),
    list.onBroken,
  );
  // Events leave the outbox by age, which is nearly but not always the order of revisions: look for each of them.
  const hasHole = events.length < expected || events.some((event, at) => event.revision !== cursor.revision + 1 + at);
  const page = events.slice(0, first);
  const last = page.at(-1);
  if (hasHole || !last) return snapshot(list, ownerId, 'CURSOR_EXPIRED');
  const at = { cursors, history: { timeline: cursor.timeline } };
  return {
    changes: page.map((event) => list.changeOf(event, placeOf(at, event))),
    cursor: placeOf(at, last).cursor,
    revision: last.revision,
    hasMore: events.length > first,
  };
}

async function snapshot<Event extends Envelope, Change, Content>(
  list: LiveList<Event, Change, Content>,
  ownerId: string,
  reason: SnapshotReason,
): Promise<ListDelta<SnapshotPage<Content>>> {
  return answerOf(list, ownerId, reason, await list.history.whole(ownerId));
}

function answerOf<Event extends Envelope, Change, Content>(
  { history, cursors }: LiveList<Event, Change, Content>,
  ownerId: string,
  reason: SnapshotReason,
  { revision, pages, next = null }: WholeList<Content> & Partial<SnapshotPart<Content>>,
): ListDelta<SnapshotPage<Content>> {
  const { timeline } = history;
  const occurredAt = new Date().toISOString();
  const cursorOf = (complete: boolean) => cursors.write({ timeline, ownerId, revision, complete });
  const changes = pages.map((content, at): SnapshotPage<Content> => {
    const complete = next === null && at === pages.length - 1;
    return { ...content, cursor: cursorOf(complete), revision, occurredAt, reason, complete };
  });
  return { changes, cursor: next ?? cursorOf(true), revision, hasMore: next !== null };
}
