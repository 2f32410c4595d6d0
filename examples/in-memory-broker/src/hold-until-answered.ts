import { ACK_WAIT_MS, type Delivery, type DurableSubscription, type StoredMessage } from '@kith/event-delivery';

interface Given {
  readonly message: StoredMessage;
  count: number;
  /** Until it comes again; none while nobody is there to take it. */
  timer: NodeJS.Timeout | undefined;
}

/** At-least-once: what was given out is in hand until it is acknowledged, and comes again when its time is over. */
export function holdsUntilAnswered(options: {
  /** Whoever is to have the next; undefined when nobody is there. */
  readonly taker: () => DurableSubscription | undefined;
  /** There is room for another. */
  readonly onRoom: () => void;
}) {
  const inHand = new Map<number, Given>();

  function deliver(given: Given): void {
    clearTimeout(given.timer);
    given.timer = undefined;
    const taker = options.taker();
    if (!taker) return;
    const { sequence } = given.message;
    const again = (afterMs: number) => {
      clearTimeout(given.timer);
      if (inHand.get(sequence) === given) given.timer = setTimeout(deliver, afterMs, given).unref();
    };
    given.count += 1;
    again(ACK_WAIT_MS);
    const answers = { ack: () => forget(sequence), retryLater: again, working: () => again(ACK_WAIT_MS) };
    const delivery: Delivery = { ...given.message, deliveryCount: given.count, ...answers };
    taker.onDelivery(delivery);
  }

  function forget(sequence: number): void {
    clearTimeout(inHand.get(sequence)?.timer);
    if (inHand.delete(sequence)) queueMicrotask(options.onRoom);
  }

  return {
    count: () => inHand.size,
    redelivered: () => [...inHand.values()].filter(({ count }) => count > 1).length,
    lowest: () => Math.min(...inHand.keys()),
    give(message: StoredMessage): void {
      const given = { message, count: 0, timer: undefined };
      inHand.set(message.sequence, given);
      deliver(given);
    },
    /** All of it, or only what waits for nobody's answer. */
    giveAgain({ all }: { all: boolean }): void {
      for (const given of [...inHand.values()]) if (all || !given.timer) deliver(given);
    },
    forget,
  };
}
