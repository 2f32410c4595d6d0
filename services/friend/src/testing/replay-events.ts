import type pg from 'pg';
import type { FriendListEvent } from '../lists/list-change.ts';
import { loadList } from '../lists/load-list.ts';
import { readEvents } from '../lists/read-events.ts';
import { viewChangeOf } from '../lists/view-change.ts';
import type { ListState } from '../view/entries/list-state.ts';
import { inOrder, ListsInMemory } from '../view/testing/lists-in-memory.ts';

/** The list that somebody has who saw nothing but its events, from the first on. */
function replayEvents(ownerId: string, events: readonly FriendListEvent[]): ListState {
  const lists = new ListsInMemory();
  for (const event of events) lists.change(ownerId, viewChangeOf(event));
  return inOrder(lists.of(ownerId));
}

/** A list as its rows say it, and as its events in the outbox say it. */
export async function bothWays(pool: pg.Pool, ownerId: string): Promise<{ rows: ListState; events: ListState }> {
  const events = await readEvents(pool, ownerId, 0, 100_000);
  return { rows: inOrder(await loadList(pool, ownerId)), events: replayEvents(ownerId, events) };
}
