import type pg from 'pg';
import { type Begun, beginsLater } from '../broker/begins-later.ts';
import type { BrokerStatus, DurableSubscription, Subscription } from '../broker/broker.ts';
import { DurableTaken } from '../broker/durable-taken.ts';
import type { Log } from '../observe/log.ts';
import type { MessageStore } from './message-store.ts';
import { keepsMessagesInHand } from './messages-in-hand.ts';
import { readsIntoHand } from './read-into-hand.ts';
import { writesAcknowledged } from './write-acknowledged.ts';

const LOOK_FOR_UNANSWERED_EVERY_MS = 1_000;
const TRY_AGAIN_AFTER_MS = 500;

export interface DurableOptions {
  readonly pool: pg.Pool;
  readonly store: MessageStore;
  readonly log: Log;
  readonly stream: string;
  readonly durable: string;
}

export type Durable = ReturnType<typeof createDurable>;

/**
 * One durable consumer: where it stands is in Postgres, what is in flight is in memory, so that a crash delivers again
 * what was not acknowledged. Acknowledgements are written behind, many in one statement.
 */
export function createDurable(options: DurableOptions) {
  const { durable, stream, store } = options;
  let current: DurableSubscription | undefined;
  let begun: Begun | undefined;
  const inHand = keepsMessagesInHand({
    ...options,
    current: () => current,
    onAcknowledged: (sequence) => {
      acked.add(sequence);
      pump();
    },
  });
  const through = () => Math.min(reading.cursor(), inHand.lowest() - 1);
  const acked = writesAcknowledged({ ...options, through });
  const isCurrent = (subscription: DurableSubscription) => current === subscription;
  const reading = readsIntoHand({ stream, store, inHand, acked, isCurrent });

  const pump = oneAtATime(options, async () => {
    const subscription = current;
    if (!subscription) return;
    try {
      if (!reading.isClaimedFor(subscription)) await reading.claim(subscription);
      begun?.resolve();
      await reading.fill(subscription);
    } catch (error) {
      if (!(error instanceof DurableTaken)) throw error;
      options.log.error({ durable, code: error.code }, error.message);
      begun?.reject(error);
      current = undefined;
    }
  });

  function lookForUnanswered(): void {
    inHand.redeliverUnanswered();
    acked.tryAgain();
    pump();
  }

  return {
    wake: pump,
    subscribe(subscription: DurableSubscription): Subscription {
      const { service } = subscription;
      if (current) throw new DurableTaken({ stream, durable, by: current.service ?? 'this process already', service });
      current = subscription;
      const beginning = beginsLater();
      begun = beginning;
      const watch = setInterval(lookForUnanswered, LOOK_FOR_UNANSWERED_EVERY_MS);
      // First what an earlier subscription of this process has left, in order.
      inHand.deliverAllAgain();
      queueMicrotask(lookForUnanswered);
      return {
        begun: beginning.promise,
        async stop() {
          clearInterval(watch);
          if (current !== subscription) return;
          current = undefined;
          // What is still in flight may yet be acknowledged; the next subscription gets the rest from the beginning.
          await acked.written();
        },
      };
    },
    status(
      lastSequence: number,
    ): Omit<BrokerStatus['consumers'][number], 'stream' | 'durable' | 'ackedThrough' | 'service' | 'since'> {
      return {
        lag: Math.max(0, lastSequence - reading.cursor()),
        unacked: inHand.count(),
        redelivered: inHand.redelivered(),
      };
    },
    flushed: acked.flushed,
  };
}

/** Single-flight: never two at once; a wake in between is not lost, and what failed is tried again. */
function oneAtATime({ log, durable }: DurableOptions, work: () => Promise<void>): () => void {
  let working = false;
  let again = false;
  async function run(): Promise<void> {
    if (working) {
      again = true;
      return;
    }
    working = true;
    do {
      again = false;
      try {
        await work();
      } catch (error) {
        log.debug({ durable, error: String(error) }, 'the streams are out of reach; trying again');
        setTimeout(() => void run(), TRY_AGAIN_AFTER_MS);
      }
    } while (again);
    working = false;
  }
  return () => void run();
}
