import { readEntries } from '../entries/list-entry.ts';
import type { ListState } from '../entries/list-state.ts';
import { oldestFirst, readRequests } from '../entries/listed-requests.ts';
import type { Question } from './question.ts';

/** Everything at one revision, for snapshots. Friends in no order. */
export function askForWholeList(): Question<ListState> {
  return {
    text: 'whole',
    script: 'whole-list',
    args: [],
    read(revision, [entries, requests]) {
      const friends = readEntries(entries as string[]);
      if (new Set(friends.map(({ userId }) => userId)).size < friends.length) {
        throw new TypeError('A friend stands there twice.');
      }
      return { revision, friends, requests: readRequests(requests as string[]) };
    },
    answer: ({ state }) => ({ ...state, requests: oldestFirst(state.requests) }),
  };
}
