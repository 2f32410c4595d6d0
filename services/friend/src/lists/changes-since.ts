import { invariant, present } from '@kith/service-kit';
import type { ListedRequest, ListState } from '../view/entries/list-state.ts';
import type { FriendListChange, FriendListEvent, FriendListSnapshot, SnapshotReason } from './list-change.ts';
import { changeAnswer, friendAnswer, requestAnswer } from './list-change.ts';
import { type ListCursor, readListCursor, writeListCursor } from './list-cursor.ts';

/** Friends a page of a snapshot holds: a frame of some 50 KB. */
const FRIENDS_PER_PAGE = 200;

/** What happened to a list since a cursor, as the public schema names it. */
export interface FriendListDelta {
  readonly changes: readonly FriendListChange[];
  readonly cursor: string;
  /** The list's revision at `cursor`. */
  readonly revision: number;
  readonly hasMore: boolean;
}

export interface ListHistory {
  readonly timeline: string;
  /** Where the list stands, at least as new as the last change that was answered to anybody. */
  revision(ownerId: string): Promise<number>;
  /** In order, from the one after `afterRevision`; what is no longer kept is missing at the front. */
  events(ownerId: string, afterRevision: number, limit: number): Promise<readonly FriendListEvent[]>;
  whole(ownerId: string): Promise<ListState>;
  people(userIds: readonly string[]): Promise<ReadonlyMap<string, { nickname: string; avatarUrl: string | null }>>;
  now(): Date;
}

/**
 * Catch-up subscription: what happened to a list since a cursor, at most `first` changes, each revision exactly once
 * and in order. Without a cursor, or with one whose history is gone or is not this list's, the whole list at one
 * revision instead, in pages, all of them in this one answer: what changes meanwhile comes after it and is never mixed
 * into it.
 */
export async function changesSince(
  history: ListHistory,
  ownerId: string,
  after: string | null | undefined,
  first: number,
): Promise<FriendListDelta> {
  if (after === null || after === undefined) return snapshot(history, ownerId, 'SUBSCRIBED');
  const cursor = readListCursor(after);
  if (!cursor || cursor.ownerId !== ownerId || cursor.timeline !== history.timeline) {
    return snapshot(history, ownerId, 'CURSOR_INVALID');
  }
  if (!cursor.complete) return snapshot(history, ownerId, 'SUBSCRIBED');

  const revision = await history.revision(ownerId);
  // A list that is found to be behind its view may end the timeline.
  if (cursor.timeline !== history.timeline || cursor.revision > revision)
    return snapshot(history, ownerId, 'CURSOR_INVALID');
  if (cursor.revision === revision) return { changes: [], cursor: after, revision, hasMore: false };

  const expected = Math.min(first + 1, revision - cursor.revision);
  const events = await history.events(ownerId, cursor.revision, first + 1);
  invariant(
    events.every(
      (event, at) => event.ownerId === ownerId && event.revision > (events[at - 1]?.revision ?? cursor.revision),
    ),
    'the history of a list is its own, in order (S14)',
    () => ({ ownerId, after: cursor.revision, events: events.map((event) => [event.ownerId, event.revision]) }),
  );
  // Events leave the outbox by age, which is nearly but not always the order of revisions: look for each of them.
  const hasHole = events.length < expected || events.some((event, at) => event.revision !== cursor.revision + 1 + at);
  if (hasHole) return snapshot(history, ownerId, 'CURSOR_EXPIRED');
  const page = events.slice(0, first);
  const changes = page.map((event) => changeAnswer(event, cursorAt({ ...cursor, revision: event.revision })));
  const last = present(changes.at(-1), 'a list that has moved has changes');
  return { changes, cursor: last.cursor, revision: last.revision, hasMore: events.length > first };
}

async function snapshot(history: ListHistory, ownerId: string, reason: SnapshotReason): Promise<FriendListDelta> {
  const { revision, friends, requests } = await history.whole(ownerId);
  const people = await history.people(requests.flatMap(({ fromId, toId }) => [fromId, toId]));
  const at = { timeline: history.timeline, ownerId, revision };
  const occurredAt = history.now().toISOString();
  const pageCount = Math.max(1, Math.ceil(friends.length / FRIENDS_PER_PAGE));
  const pages = Array.from({ length: pageCount }, (_, page): FriendListSnapshot => {
    const complete = page === pageCount - 1;
    return {
      __typename: 'FriendListSnapshot',
      cursor: cursorAt({ ...at, complete }),
      revision,
      occurredAt,
      reason,
      friends: friends.slice(page * FRIENDS_PER_PAGE, (page + 1) * FRIENDS_PER_PAGE).map(friendAnswer),
      requests: page === 0 ? requests.map((request) => requestAnswer(joinPeople(request, people))) : [],
      complete,
    };
  });
  return { changes: pages, cursor: present(pages.at(-1), 'a snapshot has a page').cursor, revision, hasMore: false };
}

function joinPeople(
  { id, fromId, toId, message, sentAt }: ListedRequest,
  people: ReadonlyMap<string, { nickname: string; avatarUrl: string | null }>,
) {
  const person = (userId: string) => ({ userId, nickname: '', avatarUrl: null, ...people.get(userId) });
  return { id, from: person(fromId), to: person(toId), message, sentAt };
}

function cursorAt(cursor: ListCursor): string {
  return writeListCursor(cursor);
}
