import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Begun } from '../../broker/begins-later.ts';
import type { DurableSubscription } from '../../broker/broker.ts';
import { DurableTaken } from '../../broker/durable-taken.ts';
import { prefixOf, unmarkSubject } from '../../broker/partition-by-owner.ts';
import { becomesActive } from './become-active.ts';
import { JetStreamDelivery } from './delivery.ts';
import type { Lease } from './hold-a-lease.ts';
import { inStreamOrder } from './in-stream-order.ts';
import { type Declaration, declareDurable, type Opened, openDurable, type Pull } from './open-durable.ts';
import { waitsForWhatIsInHand } from './wait-for-what-is-in-hand.ts';

const RETRY_AFTER_MS = 250;
/** With fewer, the server would stop delivering while acknowledgements are gathered. */
const MANY_UNACKED = 256;
/** What is in hand may be handled for so long before what has not begun of it is left to the next instance. */
const HANDLE_ON_FOR_MS = 2_000;

export interface FollowOptions extends Declaration {
  readonly begun: Begun;
  /** Of a partition: taken already, and given up with it. Without one, and where order is kept, it is waited for. */
  readonly lease?: Lease;
}

/** `elsewhere`: the durable is not there and not to be made here, or its lease is another's. */
export type Over = 'ended' | 'elsewhere';

export interface Followed {
  readonly over: Promise<Over>;
  active(ownerId?: string): boolean;
  /** The next instance becomes active once `handled` has resolved. */
  stop(handled?: Promise<void>): Promise<void>;
}

export interface FollowedPartition extends Followed {
  /** Hands it on to another instance: nothing new is taken, and what is in hand is settled first. */
  handOn(): Promise<void>;
}

/**
 * Follows one durable (competing consumers, by pull), and comes back by itself: after a restart of the broker, and after
 * its store was wiped.
 */
export function followDurable(
  pull: Pull,
  subscription: DurableSubscription,
  options: FollowOptions,
): FollowedPartition {
  const { keepsOrder } = subscription;
  const stopping = new AbortController();
  let opening: AbortController | undefined;
  let messages: ConsumerMessages | undefined;
  let handsOn = false;
  const inHand = options.lease && waitsForWhatIsInHand();
  const lease = becomesActive(pull, subscription, {
    given: options.lease,
    signal: stopping.signal,
    onLost() {
      opening?.abort();
      void messages?.close();
    },
  });
  const reconnected = pull.onReconnect(() => {
    // What was asked over the lost connection has no answer.
    opening?.abort();
    // What the server had sent into it would otherwise come after what it sends into the new one.
    if (keepsOrder) void messages?.close();
  });

  /** Until it ends by itself. */
  async function deliverOnce(): Promise<void> {
    opening = new AbortController();
    const signal = AbortSignal.any([opening.signal, stopping.signal]);
    const opened = await unlessAborted(openDurable(pull, subscription, signal), signal);
    messages = opened.messages;
    if (stopping.signal.aborted) await messages.close();
    else await deliver(opened, handingOver(pull, subscription, inHand));
  }

  const over = keepDelivering(pull, subscription, { ...options, stopping: stopping.signal, lease, deliverOnce });
  async function takeNoMore(): Promise<void> {
    stopping.abort();
    await reconnected.stop();
    await messages?.close();
    await over;
  }

  return {
    over,
    active: () => !handsOn && lease.held(),
    async stop(handled) {
      await takeNoMore();
      await handled;
      pull.acks.send();
      await lease.release();
    },
    async handOn() {
      await takeNoMore();
      await inHand?.allSettled(HANDLE_ON_FOR_MS, lease.held);
      handsOn = true;
      await inHand?.allSettled(Number.POSITIVE_INFINITY, lease.held);
      pull.acks.send();
      await lease.release();
    },
  };
}

async function keepDelivering(
  pull: Pull,
  subscription: DurableSubscription,
  parts: Declaration & {
    readonly begun: Begun;
    readonly stopping: AbortSignal;
    readonly lease: ReturnType<typeof becomesActive>;
    readonly deliverOnce: () => Promise<void>;
  },
): Promise<Over> {
  const { begun, filter, mayMake, stopping, lease, deliverOnce } = parts;
  let { isFirst } = parts;
  while (!stopping.aborted) {
    try {
      if (!(await declareDurable(pull, subscription, { isFirst, filter, mayMake }))) return 'elsewhere';
      isFirst = false;
      begun.resolve();
      if (!(await lease.become())) return 'elsewhere';
      await deliverOnce();
    } catch (error) {
      if (endsIt(error, { ...pull, durable: subscription.durable, begun })) return 'ended';
    }
    await sleep(RETRY_AFTER_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
  return 'ended';
}

/** Hands a message over as what it was published as. */
function handingOver(
  { acks }: Pull,
  { stream, maxUnacked, onDelivery }: DurableSubscription,
  inHand: ReturnType<typeof waitsForWhatIsInHand> | undefined,
): (message: JsMsg) => void {
  const prefix = prefixOf(stream) ?? '';
  const acknowledge = (message: JsMsg) => (maxUnacked < MANY_UNACKED ? message.ack() : acks.later(() => message.ack()));
  return (message) => {
    inHand?.taken(message.seq);
    onDelivery(new JetStreamDelivery(message, unmarkSubject(prefix, message.subject), acknowledge, inHand?.settled));
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
export function endsIt(error: unknown, { nc, log, durable, begun }: Pull & { durable: string; begun: Begun }): boolean {
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
