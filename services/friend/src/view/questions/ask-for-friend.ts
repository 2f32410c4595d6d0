import type { FriendData } from '@kith/event-contracts';
import { readEntries } from '../entries/list-entry.ts';
import type { Question } from './question.ts';

export interface FoundFriend {
  readonly revision: number;
  /** null: not on the list. */
  readonly friend: FriendData | null;
}

export function askForFriend(userId: string): Question<FoundFriend> {
  return {
    text: JSON.stringify(['friend', userId]),
    script: 'find-friend',
    args: [userId],
    read(revision, [entry]) {
      const friend = typeof entry === 'string' ? (readEntries([entry])[0] ?? null) : null;
      if (friend && friend.userId !== userId) throw new TypeError('An entry is of another friend.');
      return { revision, friend };
    },
    answer({ state }) {
      return { revision: state.revision, friend: state.friends.find((friend) => friend.userId === userId) ?? null };
    },
  };
}
