import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { type Begun, beginsLater } from '../../broker/begins-later.ts';
import type { DurableSubscription, Subscription } from '../../broker/broker.ts';
import { DurableTaken } from '../../broker/durable-taken.ts';
import { JetStreamDelivery } from './delivery.ts';
import { holdALease, type Lease } from './hold-a-lease.ts';
import { inStreamOrder } from './in-stream-order.ts';
import { declareDurable, type Opened, openDurable, type Pull } from './open-durable.ts';

const RETRY_AFTER_MS = 250;
/** With fewer, the server would stop delivering while acknowledgements are gathered. */
const MANY_UNACKED = 256;

/**
 * Durable subscription (competing consumers, by pull): one that comes back by itself: after a restart of the broker,
 * and after its store was wiped.
 */
export function subscribeDurably(pull: Pull, subscription: DurableSubscription): Subscription {
  const { stream, durable, maxUnacked } = subscription;
  const begun = beginsLater();
  let hasBegun = false;
  const stopping = new AbortController();
  let opening: AbortController | undefined;
  let messages: ConsumerMessages | undefined;
  let lease: Lease | undefined;
  const acknowledge = (message: JsMsg) =>
    maxUnacked < MANY_UNACKED ? message.ack() : pull.acks.later(() => message.ack());

  /** Of several instances one is active: the others wait here. */
  async function becomeActive(): Promise<void> {
    const held = await holdALease(pull, { stream: stream.name, durable }, stopping.signal);
    held.lost.addEventListener('abort', () => {
      opening?.abort();
      void messages?.close();
    });
    try {
      await subscription.onActive?.();
    } catch (error) {
      await held.release();
      throw error;
    }
    lease = held;
  }

  async function keepDelivering(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await declareDurable(pull, subscription, { isFirst: !hasBegun });
        hasBegun = true;
        begun.resolve();
        if (subscription.keepsOrder && !lease?.held()) {
          await lease?.release();
          await becomeActive();
        }
        opening = new AbortController();
        const signal = AbortSignal.any([opening.signal, stopping.signal]);
        const opened = await unlessAborted(openDurable(pull, subscription, signal), signal);
        messages = opened.messages;
        if (stopping.signal.aborted) await messages.close();
        else await deliver(opened, (message) => subscription.onDelivery(new JetStreamDelivery(message, acknowledge)));
      } catch (error) {
        if (endsIt(error, { ...pull, durable, begun })) return;
      }
      await sleep(RETRY_AFTER_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const reconnected = pull.onReconnect(() => {
    // What was asked over the lost connection has no answer.
    opening?.abort();
    // What the server had sent into it would otherwise come after what it sends into the new one.
    if (subscription.keepsOrder) void messages?.close();
  });
  const delivering = keepDelivering();
  return {
    begun: begun.promise,
    active: () => !subscription.keepsOrder || lease?.held() === true,
    async stop(handled) {
      stopping.abort();
      await reconnected.stop();
      await messages?.close();
      await delivering;
      await handled;
      pull.acks.send();
      await lease?.release();
    },
  };
}

async function deliver({ messages, comingAgain }: Opened, onMessage: (message: JsMsg) => void): Promise<void> {
  const ordered = inStreamOrder(comingAgain, onMessage);
  try {
    for await (const message of messages) ordered.take(message);
  } finally {
    ordered.stop();
  }
}

/** Whether nothing is to be tried again: the durable is another service's, or the connection was closed. */
function endsIt(error: unknown, { nc, log, durable, begun }: Pull & { durable: string; begun: Begun }): boolean {
  if (error instanceof DurableTaken) {
    begun.reject(error);
    log.error({ durable, code: error.code }, error.message);
    return true;
  }
  if (nc.isClosed()) return true;
  log.debug({ durable, error: String(error) }, 'the stream is away; trying again');
  return false;
}

/** Rejects as soon as it is aborted; what is opened all the same is closed. */
function unlessAborted(opening: Promise<Opened>, signal: AbortSignal): Promise<Opened> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    opening.then((opened) => (signal.aborted ? void opened.messages.close() : resolve(opened)), reject);
  });
}
