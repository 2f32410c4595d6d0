import { ACK_WAIT_MS, type Delivery, MESSAGE_ID_HEADER } from '../broker/broker.ts';
import type { Outcome } from './try/incoming.ts';

const SAY_WORKING_EVERY_MS = ACK_WAIT_MS / 3;

/**
 * Deliveries in flight (not yet acknowledged): the broker is told that each is in progress until its turn is over,
 * and is then answered by its outcome.
 */
export function keepInHand(options: {
  /** Must end the turn that it begins, also when `work` rejects. */
  readonly takeTurn: (delivery: Delivery, work: () => Promise<void>) => void;
  /** How long what is given back waits, from its delivery count. */
  readonly laterMs: (deliveryCount: number) => number;
  readonly onError: (error: unknown) => void;
}) {
  const inHand = new Map<string, Delivery>();
  const stillWorking = setInterval(() => {
    for (const delivery of inHand.values()) {
      try {
        delivery.working();
      } catch (error) {
        options.onError(error);
      }
    }
  }, SAY_WORKING_EVERY_MS);

  function answer(delivery: Delivery, outcome: Outcome): void {
    if (outcome === 'later') delivery.retryLater(options.laterMs(delivery.deliveryCount));
    // What was not begun is left as it is. A nak would bring it sooner, but nats-server 2.9 forgets a nak'd message for
    // a while when nobody asks for one at that moment, and its owner's next one would come first.
    else if (outcome === 'stopped') delivery.leave?.();
    else delivery.ack();
  }

  return {
    take(delivery: Delivery, receive: () => Promise<Outcome>): void {
      // A redelivery of what is still in flight (the broker was out of reach for a while) is answered with it.
      const key = `${delivery.sequence}:${delivery.headers[MESSAGE_ID_HEADER] ?? ''}`;
      const isInHand = inHand.has(key);
      inHand.set(key, delivery);
      if (isInHand) return;
      options.takeTurn(delivery, async () => {
        try {
          const outcome = await receive();
          answer(inHand.get(key) ?? delivery, outcome);
        } finally {
          inHand.delete(key);
        }
      });
    },
    stop: () => clearInterval(stillWorking),
  };
}
