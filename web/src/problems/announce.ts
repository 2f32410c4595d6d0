import type { ReactNode } from 'react';
import { explainProblem } from './explain-problem.ts';
import { waitInWords } from './wait-in-words.ts';

interface Words {
  /** Of what kind it is: it takes the place of the one before that said the same of something else. */
  readonly kind: string;
  readonly title: ReactNode;
  readonly text?: string | undefined;
  readonly isProblem?: boolean;
  /** It stays until it is closed or taken back; otherwise it goes by itself. */
  readonly stays?: boolean;
  /** A person has closed it. */
  readonly onClose?: () => void;
}

export type Announcement = Words & { readonly id: number };

const SHOWN_AT_MOST = 3;

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
  close(id: number): void {
    const closed = announcements.find((other) => other.id === id);
    show(announcements.filter((other) => other !== closed));
    closed?.onClose?.();
  },
};

function show(next: readonly Announcement[]): void {
  announcements = next;
  for (const listener of listeners) listener();
}

/** A few words at the page's edge, also read aloud. */
export function announce(words: Words): void {
  lastId += 1;
  const others = announcements.filter(({ kind }) => kind !== words.kind);
  // What waits for an answer does not make room for what is merely told.
  const passing = others.filter(({ stays }) => !stays).slice(1 - SHOWN_AT_MOST);
  show([...others.filter(({ stays }) => stays), ...passing, { ...words, id: lastId }]);
}

/** Takes back what was said, as nobody needs it any more. */
export function retract(kind: string): void {
  if (isAnnounced(kind)) show(announcements.filter((other) => other.kind !== kind));
}

export function isAnnounced(kind: string): boolean {
  return announcements.some((other) => other.kind === kind);
}

export function announceProblem(error: unknown): void {
  const { title, advice, retryAfterMs } = explainProblem(error);
  const wait = retryAfterMs === undefined ? '' : ` Try again in ${waitInWords(Math.ceil(retryAfterMs / 1000))}.`;
  announce({ kind: `problem: ${title}`, title, text: advice + wait, isProblem: true });
}
