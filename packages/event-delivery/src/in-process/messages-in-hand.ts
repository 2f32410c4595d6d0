import { ACK_WAIT_MS, type Delivery, type DurableSubscription, type StoredMessage } from '../broker/broker.ts';
import type { Log } from '../observe/log.ts';

interface InHand {
  readonly message: StoredMessage;
  deliveryCount: number;
  /** When it comes again unless it is answered; performance.now(). */
  due: number;
  retry?: NodeJS.Timeout;
}

export type MessagesInHand = ReturnType<typeof keepsMessagesInHand>;

/** Deliveries in flight of one durable: each comes again when its time is over and it was not acknowledged. */
export function keepsMessagesInHand(options: {
  readonly durable: string;
  readonly log: Log;
  /** Who is given them; nobody between two subscriptions. */
  readonly current: () => DurableSubscription | undefined;
  readonly onAcknowledged: (sequence: number) => void;
}) {
  const { durable, log, current, onAcknowledged } = options;
  const inHand = new Map<number, InHand>();

  function toDelivery(entry: InHand): Delivery {
    const { subject, payload, headers, sequence, storedAt } = entry.message;
    return {
      subject,
      payload,
      headers,
      sequence,
      storedAt,
      deliveryCount: entry.deliveryCount,
      ack: () => {
        if (inHand.delete(sequence)) onAcknowledged(sequence);
      },
      retryLater: (delayMs) => {
        entry.due = Number.POSITIVE_INFINITY;
        entry.retry = setTimeout(() => deliverAgain(entry), delayMs);
      },
      working: () => {
        entry.due = performance.now() + ACK_WAIT_MS;
      },
    };
  }

  function deliver(entry: InHand): void {
    clearTimeout(entry.retry);
    entry.due = performance.now() + ACK_WAIT_MS;
    entry.deliveryCount += 1;
    try {
      current()?.onDelivery(toDelivery(entry));
    } catch (error) {
      log.error({ durable, error: String(error) }, 'a subscriber threw; its message will come again');
    }
  }

  function deliverAgain(entry: InHand): void {
    if (current() && inHand.get(entry.message.sequence) === entry) deliver(entry);
  }

  return {
    count: () => inHand.size,
    /** Of those that came more than once. */
    redelivered: () => [...inHand.values()].filter(({ deliveryCount }) => deliveryCount > 1).length,
    lowest: () => Math.min(...inHand.keys()),
    deliver(message: StoredMessage): void {
      const entry = { message, deliveryCount: 0, due: 0 };
      inHand.set(message.sequence, entry);
      deliver(entry);
    },
    deliverAllAgain(): void {
      for (const entry of inHand.values()) entry.due = 0;
    },
    /** In the stream's order. */
    redeliverUnanswered(): void {
      const now = performance.now();
      for (const entry of [...inHand.values()].sort(bySequence)) if (entry.due <= now) deliverAgain(entry);
    },
  };
}

const bySequence = (a: InHand, b: InHand) => a.message.sequence - b.message.sequence;
