import { ACK_WAIT_MS, type Delivery, type DurableSubscription, type StoredMessage } from '@kith/event-delivery';

const ASK_AGAIN_AFTER_MS = 200;

interface Given {
  readonly message: StoredMessage;
  count: number;
  /** Until it comes again; none while nobody is there to take it. */
  timer: NodeJS.Timeout | undefined;
}

export type Durable = ReturnType<typeof createDurable>;

/** One durable consumer (competing consumers, at-least-once): who takes its messages, and what is in hand. */
export function createDurable(messages: readonly StoredMessage[]) {
  const inHand = new Map<number, Given>();
  const takers: DurableSubscription[] = [];
  /** The first that is ready: where order is kept it takes all (single active consumer), else all take in turn. */
  let active: DurableSubscription | undefined;
  let becomingActive: DurableSubscription | undefined;
  let cursor = 0;
  let turn = 0;

  function deliver(given: Given): void {
    clearTimeout(given.timer);
    const taker = active?.keepsOrder ? active : takers[turn++ % takers.length];
    const again = (afterMs: number) => {
      clearTimeout(given.timer);
      if (inHand.get(sequence) === given) given.timer = setTimeout(deliver, afterMs, given).unref();
    };
    const { sequence } = given.message;
    given.timer = undefined;
    if (!active || !taker) return;
    given.count += 1;
    again(ACK_WAIT_MS);
    const answers = { ack: () => forget(sequence), retryLater: again, working: () => again(ACK_WAIT_MS) };
    const delivery: Delivery = { ...given.message, deliveryCount: given.count, ...answers };
    taker.onDelivery(delivery);
  }

  function forget(sequence: number): void {
    clearTimeout(inHand.get(sequence)?.timer);
    if (inHand.delete(sequence)) queueMicrotask(pump);
  }

  /** Delivers what there is room for. */
  function pump(): void {
    for (const message of active ? messages.filter(({ sequence }) => sequence > cursor) : []) {
      if (!active || inHand.size >= active.maxUnacked) return;
      cursor = message.sequence;
      const given = { message, count: 0, timer: undefined };
      inHand.set(cursor, given);
      deliver(given);
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
    for (const given of [...inHand.values()]) if (first.keepsOrder || !given.timer) deliver(given);
    pump();
  }

  return {
    pump,
    forget,
    isActive: (taker: DurableSubscription) => !taker.keepsOrder || active === taker,
    add(taker: DurableSubscription): void {
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
      lag: messages.filter(({ sequence }) => sequence > cursor).length,
      unacked: inHand.size,
      redelivered: [...inHand.values()].filter(({ count }) => count > 1).length,
      ackedThrough: Math.min(cursor, ...[...inHand.keys()].map((sequence) => sequence - 1)),
    }),
  };
}
