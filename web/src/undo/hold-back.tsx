import { KithApiError } from '@kith/client';
import { type HeldBack, nameOfHeldBack } from '../connection/held-back.ts';
import { heldBackStore } from '../connection/held-back-store.ts';
import { kith } from '../connection/kith.ts';
import { askAgainWhoIsBlocked, mayPass } from '../connection/query-client.ts';
import { beforeSignOut } from '../connection/sign-out.ts';
import { announce, announceProblem, isAnnounced, retract } from '../problems/announce.ts';
import { HeldBackLines } from './held-back-lines.tsx';
import { handOver, isDoneAlready, isStillMeant, listReaches, sendHeldBack } from './send-held-back.ts';

const UNDO_FOR_MS = 10_000;
/** Whoever is reading or reaching for it gets so long in all. */
const UNDO_AT_MOST_MS = 60_000;
const TRY_AGAIN_AFTER_MS = 3_000;
/** By then the page that held it back would have sent it. */
const ORPHANED_AFTER_MS = UNDO_AT_MOST_MS + 5_000;
const LOOK_FOR_ORPHANS_EVERY_MS = 2_000;
const LIST_FOLLOWS_WITHIN_MS = 10_000;

const KIND = 'held back';

/** What was done on this page and is not sent yet, by name. */
const timers = new Map<string, ReturnType<typeof setTimeout>>();
let isReadingIt = false;

/**
 * Does something that can be undone for some seconds (a delayed send, with an outbox): the page shows it done at once,
 * and it is sent when the time is over, when its notice is closed, or when the page goes. What no page could send is
 * sent by the next one.
 */
export function holdBack(deed: Omit<HeldBack, 'ownerId' | 'heldAt'>): void {
  const ownerId = kith.session.getSnapshot()?.user.id;
  if (!ownerId) return;
  const held = { ...deed, ownerId, heldAt: Date.now() };
  heldBackStore.put(held);
  sendLater(held, UNDO_FOR_MS);
  showNotice();
}

function showNotice(): void {
  isReadingIt = false;
  const title = <HeldBackLines onUndo={undo} onReading={keepForReading} />;
  announce({ kind: KIND, title, stays: true, onClose: () => void sendAll() });
}

/** Only where it was done: another tab cannot tell whether it is on its way. */
export function mayUndo(held: HeldBack): boolean {
  return timers.has(nameOfHeldBack(held)) && heldBackStore.progressOf(held) !== 'under way';
}

export function undo(held: HeldBack): void {
  if (!mayUndo(held)) return;
  clearTimeout(timers.get(nameOfHeldBack(held)));
  timers.delete(nameOfHeldBack(held));
  heldBackStore.setProgress(held, undefined);
  heldBackStore.take(held);
  announce({ kind: 'undone', title: <UndoneWords held={held} /> });
  retractWhenDone();
}

function UndoneWords({ held: { kind, person } }: { held: HeldBack }) {
  const name = <bdi>{person.name}</bdi>;
  switch (kind) {
    case 'remove':
      return <>{name} stays on your list</>;
    case 'block':
      return <>{name} is not blocked</>;
    case 'decline':
    case 'cancel':
      return <>The request stays open</>;
    default: {
      const unhandled: never = kind;
      return unhandled;
    }
  }
}

/** Undoes what was done last; false when there is nothing to undo. */
export function undoLast(): boolean {
  const last = heldBackStore.getSnapshot().findLast(mayUndo);
  if (last) undo(last);
  return last !== undefined;
}

/** While somebody points at the notice or is in it with the keyboard, its time does not run out. */
function keepForReading(reading: boolean): void {
  isReadingIt = reading;
}

function sendLater(held: HeldBack, afterMs: number): void {
  const name = nameOfHeldBack(held);
  clearTimeout(timers.get(name));
  timers.set(
    name,
    setTimeout(() => {
      const mayWait = Date.now() - held.heldAt < UNDO_AT_MOST_MS;
      if (isReadingIt && mayWait) sendLater(held, 1_000);
      else void send(held);
    }, afterMs),
  );
}

async function send(held: HeldBack): Promise<void> {
  const name = nameOfHeldBack(held);
  clearTimeout(timers.get(name));
  if (heldBackStore.progressOf(held) === 'under way') return;
  // Another person's page by now: it is sent when its owner is back.
  if (!heldBackStore.has(held) || held.ownerId !== kith.session.getSnapshot()?.user.id) {
    timers.delete(name);
    return;
  }
  heldBackStore.setProgress(held, 'under way');
  try {
    // Gone from the outbox only when the list itself shows it: in between nothing flickers back.
    await listReaches(await sendHeldBack(held), LIST_FOLLOWS_WITHIN_MS);
    finish(held);
    if (held.kind === 'block') await askAgainWhoIsBlocked();
  } catch (error) {
    if (mayPass(error)) return waitForConnection(held);
    if (isSessionOver(error)) timers.delete(name);
    else finish(held);
    if (!isSessionOver(error) && !isDoneAlready(error)) announceProblem(error);
  }
  heldBackStore.setProgress(held, undefined);
  retractWhenDone();
}

/** It is as done as it can be without a network, and can be undone until there is one. */
function waitForConnection(held: HeldBack): void {
  heldBackStore.setProgress(held, 'waiting for the connection');
  sendLater(held, TRY_AGAIN_AFTER_MS);
  if (!isAnnounced(KIND)) showNotice();
}

function finish(held: HeldBack): void {
  timers.delete(nameOfHeldBack(held));
  heldBackStore.take(held);
}

function isSessionOver(error: unknown): boolean {
  return error instanceof KithApiError && (error.code === 'UNAUTHENTICATED' || error.code === 'SESSION_ENDED');
}

function sendAll(): Promise<unknown> {
  return Promise.all(heldBackStore.getSnapshot().map(send));
}

function retractWhenDone(): void {
  if (heldBackStore.getSnapshot().every((held) => !timers.has(nameOfHeldBack(held)))) retract(KIND);
}

/** Sends what a page that is gone has left, as far as it still means what it did. */
function sendOrphans(): void {
  const list = kith.friends.getSnapshot();
  if (list.state !== 'live') return;
  for (const held of heldBackStore.getSnapshot()) {
    if (timers.has(nameOfHeldBack(held)) || Date.now() - held.heldAt < ORPHANED_AFTER_MS) continue;
    if (isStillMeant(held, list)) void send(held);
    else finish(held);
  }
}

setInterval(sendOrphans, LOOK_FOR_ORPHANS_EVERY_MS);
addEventListener('pagehide', () => {
  for (const held of heldBackStore.getSnapshot()) {
    if (timers.has(nameOfHeldBack(held))) handOver(held, () => finish(held));
  }
});
beforeSignOut(sendAll);
// Another person's page has nothing to undo.
kith.session.subscribe(retractWhenDone);
