import { type HeldBack, nameOfHeldBack, readHeldBack } from './held-back.ts';
import { kith } from './kith.ts';
import { isOurs, seatStorage } from './seat.ts';

const KEY = 'kith.held-back';
/** What nobody has signed in for in so long is forgotten. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

export type SendProgress = 'under way' | 'waiting for the connection';

let all: readonly HeldBack[] = fresh();
let mine: readonly HeldBack[] | undefined;
/** How far this page is with sending, by name. */
const progress = new Map<string, SendProgress>();
const listeners = new Set<() => void>();

function fresh(): readonly HeldBack[] {
  const oldest = Date.now() - FORGOTTEN_AFTER_MS;
  return readHeldBack(seatStorage.getItem(KEY)).filter(({ heldAt }) => heldAt > oldest);
}

function show(next: readonly HeldBack[]): void {
  all = next;
  mine = undefined;
  for (const listener of listeners) listener();
}

function keep(next: readonly HeldBack[]): void {
  try {
    seatStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // A full or forbidden store: it is held in memory then, and sent when the page is left.
  }
  show(next);
}

/**
 * What the signed-in user may still undo: an outbox of this browser, shared by its tabs, which outlives the page. The
 * oldest comes first.
 */
export const heldBackStore = {
  getSnapshot(): readonly HeldBack[] {
    const ownerId = kith.session.getSnapshot()?.user.id;
    mine ??= all.filter((each) => each.ownerId === ownerId);
    return mine;
  },
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  progressOf: (held: HeldBack) => progress.get(nameOfHeldBack(held)),
  setProgress(held: HeldBack, next: SendProgress | undefined): void {
    if (next) progress.set(nameOfHeldBack(held), next);
    else progress.delete(nameOfHeldBack(held));
    show(all);
  },
  has: (held: HeldBack) => all.some((other) => nameOfHeldBack(other) === nameOfHeldBack(held)),
  put(held: HeldBack): void {
    keep([...withoutIt(fresh(), held), held]);
  },
  take(held: HeldBack): void {
    keep(withoutIt(fresh(), held));
  },
};

function withoutIt(list: readonly HeldBack[], held: HeldBack): readonly HeldBack[] {
  return list.filter((other) => nameOfHeldBack(other) !== nameOfHeldBack(held));
}

addEventListener('storage', (event) => {
  if (isOurs(event, KEY)) show(fresh());
});
kith.session.subscribe(() => show(all));
