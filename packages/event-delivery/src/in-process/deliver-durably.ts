import type pg from 'pg';
import {
  ACK_WAIT_MS,
  type BrokerStatus,
  type Delivery,
  type DurableSubscription,
  type Stoppable,
  type StoredMessage,
} from '../broker/broker.ts';
import type { Log } from '../observe/log.ts';
import type { MessageStore } from './message-store.ts';

const LOOK_FOR_UNANSWERED_EVERY_MS = 1_000;
const TRY_AGAIN_AFTER_MS = 500;
const PORTION = 200;

interface InHand {
  readonly message: StoredMessage;
  deliveryCount: number;
  /** When it comes again unless it is answered; performance.now(). */
  due: number;
  retry?: NodeJS.Timeout;
}

/**
 * One durable consumer: where it stands is in Postgres, what is in hand is in memory, so that a crash delivers again
 * what was not acknowledged. Acknowledgements are written behind, many in one statement.
 */
export function createDurable(options: {
  pool: pg.Pool;
  store: MessageStore;
  log: Log;
  stream: string;
  durable: string;
}) {
  const { pool, store, log, stream, durable } = options;
  const inHand = new Map<number, InHand>();
  /** Acknowledged above the lowest that is not. */
  const acked = new Set<number>();
  let loaded = false;
  let cursor = 0;
  let current: DurableSubscription | undefined;
  let pumping = false;
  let pumpAgain = false;
  let dirty = false;
  let writing: Promise<void> = Promise.resolve();

  async function load(): Promise<void> {
    const { rows } = await pool.query(
      `INSERT INTO event_bus.consumer (stream, durable) VALUES ($1, $2)
       ON CONFLICT (stream, durable) DO UPDATE SET durable = $2 RETURNING acked_through, acked_above`,
      [stream, durable],
    );
    cursor = Number(rows[0].acked_through);
    for (const sequence of rows[0].acked_above) acked.add(Number(sequence));
    loaded = true;
  }

  function answered(sequence: number): void {
    if (!inHand.delete(sequence)) return;
    acked.add(sequence);
    dirty = true;
    writing = writing.then(write);
    void pump();
  }

  async function write(): Promise<void> {
    if (!dirty) return;
    dirty = false;
    const through = Math.min(cursor, ...[...inHand.keys()].map((sequence) => sequence - 1));
    for (const sequence of acked) if (sequence <= through) acked.delete(sequence);
    try {
      await pool.query(
        'UPDATE event_bus.consumer SET acked_through = $3, acked_above = $4 WHERE stream = $1 AND durable = $2',
        [stream, durable, through, [...acked]],
      );
    } catch (error) {
      // Written with the next acknowledgement; until then a crash would only deliver again.
      dirty = true;
      log.warn({ durable, error: String(error) }, 'the bus could not write down what is acknowledged');
    }
  }

  function deliver(entry: InHand): void {
    clearTimeout(entry.retry);
    entry.due = performance.now() + ACK_WAIT_MS;
    entry.deliveryCount += 1;
    const { message } = entry;
    const delivery: Delivery = {
      subject: message.subject,
      payload: message.payload,
      headers: message.headers,
      sequence: message.sequence,
      storedAt: message.storedAt,
      deliveryCount: entry.deliveryCount,
      ack: () => answered(message.sequence),
      retryLater: (delayMs) => {
        entry.due = Number.POSITIVE_INFINITY;
        entry.retry = setTimeout(() => deliverAgain(entry), delayMs);
      },
      working: () => {
        entry.due = performance.now() + ACK_WAIT_MS;
      },
    };
    try {
      current?.onDelivery(delivery);
    } catch (error) {
      log.error({ durable, error: String(error) }, 'a subscriber threw; its message will come again');
    }
  }

  function deliverAgain(entry: InHand): void {
    if (current && inHand.get(entry.message.sequence) === entry) deliver(entry);
  }

  async function pumpOnce(subscription: DurableSubscription): Promise<void> {
    if (!loaded) await load();
    while (current === subscription && inHand.size < subscription.maxUnacked) {
      const portion = await store.read(stream, cursor, Math.min(PORTION, subscription.maxUnacked - inHand.size));
      if (portion.length === 0 || current !== subscription) return;
      for (const message of portion) {
        cursor = message.sequence;
        if (acked.has(message.sequence)) continue;
        const entry = { message, deliveryCount: 0, due: 0 };
        inHand.set(message.sequence, entry);
        deliver(entry);
      }
    }
  }

  /** Delivers what there is room for. Never two at once; a wake in between is not lost. */
  async function pump(): Promise<void> {
    if (pumping) {
      pumpAgain = true;
      return;
    }
    pumping = true;
    do {
      pumpAgain = false;
      if (!current) break;
      try {
        await pumpOnce(current);
      } catch (error) {
        log.debug({ durable, error: String(error) }, 'the streams are out of reach; trying again');
        setTimeout(() => void pump(), TRY_AGAIN_AFTER_MS);
      }
    } while (pumpAgain);
    pumping = false;
  }

  function redeliverUnanswered(): void {
    const now = performance.now();
    for (const entry of [...inHand.values()].sort(bySequence)) if (entry.due <= now) deliverAgain(entry);
    if (dirty) writing = writing.then(write);
    void pump();
  }

  return {
    wake: () => void pump(),
    subscribe(subscription: DurableSubscription): Stoppable {
      if (current) throw new Error(`${durable} is consumed in this process already.`);
      current = subscription;
      const watch = setInterval(redeliverUnanswered, LOOK_FOR_UNANSWERED_EVERY_MS);
      // First what an earlier subscription of this process has left, in order.
      for (const entry of inHand.values()) entry.due = 0;
      queueMicrotask(redeliverUnanswered);
      return {
        async stop() {
          if (current !== subscription) return;
          current = undefined;
          clearInterval(watch);
          // What is still in hand may yet be acknowledged; the next subscription gets the rest from the beginning.
          await writing;
        },
      };
    },
    status(lastSequence: number): Omit<BrokerStatus['consumers'][number], 'stream' | 'durable' | 'ackedThrough'> {
      return {
        lag: Math.max(0, lastSequence - cursor),
        unacked: inHand.size,
        redelivered: [...inHand.values()].filter(({ deliveryCount }) => deliveryCount > 1).length,
      };
    },
    flushed: async () => {
      await writing;
      await write();
    },
  };
}

const bySequence = (a: InHand, b: InHand) => a.message.sequence - b.message.sequence;

export type Durable = ReturnType<typeof createDurable>;
