import type { StoredRequest } from './list-state.ts';
import type { Question } from './question.ts';

export interface OpenRequests {
  readonly revision: number;
  /** In both directions, oldest first. */
  readonly requests: readonly StoredRequest[];
}

export function askForRequests(): Question<OpenRequests> {
  return {
    text: 'requests',
    script: 'requests',
    args: [],
    read: (revision, [requests]) => ({ revision, requests: readRequests(requests as string[]) }),
    answer: ({ state }) => ({ revision: state.revision, requests: oldestFirst(state.requests) }),
  };
}

export function readRequests(json: readonly string[]): StoredRequest[] {
  return oldestFirst(json.map((each) => JSON.parse(each)));
}

export function oldestFirst(requests: readonly StoredRequest[]): StoredRequest[] {
  return requests.toSorted((a, b) => Date.parse(a.sentAt) - Date.parse(b.sentAt) || (a.id < b.id ? -1 : 1));
}
