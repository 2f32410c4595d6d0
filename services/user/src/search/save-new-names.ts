import type { SqlConnection } from '@kith/event-delivery';
import type { UserEvent } from '../domain/user-events.ts';
import { saveWords } from './save-words.ts';

/**
 * Updates the search index in the transaction of these events: a renamed user is found by the new name only, a deleted
 * one by none.
 */
export async function saveNewNames(events: readonly UserEvent[], { sql }: { sql: SqlConnection }): Promise<void> {
  const named = new Map(events.flatMap((event) => namesAfter(event)));
  if (named.size > 0)
    await saveWords(
      sql,
      [...named].map(([id, names]) => ({ id, ...names })),
    );
}

/** Of several events of one user the last counts. */
function namesAfter(event: UserEvent): [id: string, names: { username: string; nickname: string }][] {
  const { id } = event.source;
  switch (event.name) {
    case 'user.registered':
      return [[id, event.profile]];
    case 'user.profile-changed':
      return event.after.nickname === event.before.nickname ? [] : [[id, event.after]];
    case 'user.deleted':
      return [[id, { username: '', nickname: '' }]];
    case 'user.password-changed':
      return [];
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}
