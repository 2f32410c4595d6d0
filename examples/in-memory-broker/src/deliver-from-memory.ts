import type { DurableSubscription, StartAt, StoredMessage } from '@kith/event-delivery';
import { holdsUntilAnswered } from './hold-until-answered.ts';

const ASK_AGAIN_AFTER_MS = 200;

export type Durable = ReturnType<typeof createDurable>;

/** One durable consumer (competing consumers, at-least-once): who takes its messages, and what is in hand. */
export function createDurable(messages: readonly StoredMessage[], { startAt, service }: DurableSubscription) {
  const takers: DurableSubscription[] = [];
  /** The first that is ready: where order is kept it takes all (single active consumer), else all take in turn. */
  let active: DurableSubscription | undefined;
  let becomingActive: DurableSubscription | undefined;
  let owner = service;
  let cursor = startsAfter(messages, startAt);
  let turn = 0;

  const nextTaker = () => (active?.keepsOrder ? active : active && takers[turn++ % takers.length]);
  const inHand = holdsUntilAnswered({ taker: nextTaker, onRoom: pump });

  /** Delivers what there is room for. */
  function pump(): void {
    for (const message of active ? messages.filter(({ sequence }) => sequence > cursor) : []) {
      if (!active || inHand.count() >= active.maxUnacked) return;
      cursor = message.sequence;
      inHand.give(message);
    }
  }

  async function activateTheFirst(): Promise<void> {
    const [first] = takers;
    if (!first || first === active || first === becomingActive) return;
    becomingActive = first;
    try {
      if (first.keepsOrder) await first.onActive?.();
    } catch {
      setTimeout(activateTheFirst, ASK_AGAIN_AFTER_MS).unref();
      return;
    } finally {
      if (becomingActive === first) becomingActive = undefined;
    }
    if (takers[0] !== first) return;
    active = first;
    // What another left in hand comes first; where order is kept it is not waited for.
    inHand.giveAgain({ all: first.keepsOrder === true });
    pump();
  }

  return {
    pump,
    forget: inHand.forget,
    isActive: (taker: DurableSubscription) => !taker.keepsOrder || active === taker,
    service: () => owner,
    add(taker: DurableSubscription): void {
      owner = taker.service ?? owner;
      takers.push(taker);
      queueMicrotask(activateTheFirst);
    },
    /** Where order is kept, another becomes active when what is in hand has been `handled`. */
    async remove(taker: DurableSubscription, handled?: Promise<void>): Promise<void> {
      if (!takers.includes(taker)) return;
      takers.splice(takers.indexOf(taker), 1);
      if (active === taker) active = undefined;
      if (taker.keepsOrder) await handled;
      void activateTheFirst();
    },
    status: () => ({
      service: owner,
      lag: messages.filter(({ sequence }) => sequence > cursor).length,
      unacked: inHand.count(),
      redelivered: inHand.redelivered(),
      ackedThrough: Math.min(cursor, inHand.lowest() - 1),
    }),
  };
}

/** The sequence before the first that a new durable is given. */
function startsAfter(messages: readonly StoredMessage[], startAt: StartAt = 'all'): number {
  if (startAt === 'all') return 0;
  const before = startAt === 'now' ? messages : messages.filter(({ storedAt }) => storedAt < startAt);
  return before.at(-1)?.sequence ?? 0;
}
