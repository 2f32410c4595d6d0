import type { DurableSubscription } from '../broker/broker.ts';
import type { MessageStore } from './message-store.ts';
import type { MessagesInHand } from './messages-in-hand.ts';
import type { Acknowledged } from './write-acknowledged.ts';

const PORTION = 200;

/** The cursor of one durable: claimed for a subscription first, then moved on as far as the limit of what is in flight allows. */
export function readsIntoHand(options: {
  readonly stream: string;
  readonly store: MessageStore;
  readonly inHand: MessagesInHand;
  readonly acked: Acknowledged;
  readonly isCurrent: (subscription: DurableSubscription) => boolean;
}) {
  const { stream, store, inHand, acked, isCurrent } = options;
  let cursor = 0;
  let claimedFor: DurableSubscription | undefined;
  return {
    /** All up to here was given out. */
    cursor: () => cursor,
    isClaimedFor: (subscription: DurableSubscription) => claimedFor === subscription,
    /** @throws {DurableTaken} when it is another service's */
    async claim(subscription: DurableSubscription): Promise<void> {
      const through = await acked.load(subscription);
      // Of a later subscription memory knows more.
      if (!claimedFor) cursor = through;
      claimedFor = subscription;
    },
    /** Backpressure: no more than the subscription lets wait for its answers. */
    async fill(subscription: DurableSubscription): Promise<void> {
      while (isCurrent(subscription) && inHand.count() < subscription.maxUnacked) {
        const room = Math.min(PORTION, subscription.maxUnacked - inHand.count());
        const portion = await store.read(stream, cursor, room);
        if (portion.length === 0 || !isCurrent(subscription)) return;
        for (const message of portion) {
          cursor = message.sequence;
          if (!acked.has(message.sequence)) inHand.deliver(message);
        }
      }
    },
  };
}
