import type { ReactNode } from 'react';
import { explainProblem } from './explain-problem.ts';
import { waitInWords } from './wait-in-words.ts';

interface Announcement {
  readonly id: number;
  readonly title: ReactNode;
  readonly text: string | undefined;
  readonly isProblem: boolean;
}

let announcements: readonly Announcement[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

/** For the one place that draws them. */
export const announcementStore = {
  getSnapshot: () => announcements,
  hasSpoken: () => lastId > 0,
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  close: (id: number) => show(announcements.filter((other) => other.id !== id)),
};

function show(next: readonly Announcement[]): void {
  announcements = next;
  for (const listener of listeners) listener();
}

/** A few words at the page's edge, also read aloud. */
export function announce(title: ReactNode, text?: string, isProblem = false): void {
  lastId += 1;
  show([...announcements.slice(-2), { id: lastId, title, text, isProblem }]);
}

export function announceProblem(error: unknown): void {
  const { title, advice, retryAfterMs } = explainProblem(error);
  const wait = retryAfterMs === undefined ? '' : ` Try again in ${waitInWords(Math.ceil(retryAfterMs / 1000))}.`;
  announce(title, advice + wait, true);
}
