import { AckPolicy, type ConsumerMessages, DeliverPolicy, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from 'nats';
import type { Delivery, DurableSubscription, Stoppable } from '../broker.ts';
import type { Log } from '../log.ts';

const ACK_WAIT_MS = 30_000;
const RETRY_AFTER_MS = 500;

interface Pull {
  nc: NatsConnection;
  jsm: JetStreamManager;
  log: Log;
  /** Makes sure that the stream exists; the durable is then added below. */
  ensureStream: (name: string) => Promise<void>;
}

/** A durable pull consumer that comes back by itself: after a restart of the broker, and after its store was wiped. */
export async function subscribeDurably(pull: Pull, subscription: DurableSubscription): Promise<Stoppable> {
  const { stream, durable, maxUnacked } = subscription;
  let stopping = false;
  let messages: ConsumerMessages | undefined;

  async function open(): Promise<ConsumerMessages> {
    await pull.ensureStream(stream.name);
    await pull.jsm.consumers.add(stream.name, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      deliver_policy: DeliverPolicy.All,
      max_ack_pending: maxUnacked,
      // How often an event is tried is the consumer's decision, which ends in a dead letter, not in silence.
      max_deliver: -1,
    });
    const consumer = await pull.jsm.jetstream().consumers.get(stream.name, durable);
    return consumer.consume({
      max_messages: Math.min(maxUnacked, 500),
      expires: 5_000,
      abort_on_missing_resource: true,
    });
  }

  async function keepDelivering(): Promise<void> {
    while (!stopping) {
      try {
        messages = await open();
        for await (const message of messages) subscription.onDelivery(toDelivery(message));
      } catch (error) {
        if (!stopping && !pull.nc.isClosed()) {
          pull.log.warn({ durable, error: String(error) }, 'lost the stream for a moment; trying again');
        }
      }
      if (pull.nc.isClosed()) return;
      if (!stopping) await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    }
  }

  messages = undefined;
  const delivering = keepDelivering();
  return {
    async stop() {
      stopping = true;
      await messages?.close();
      await delivering;
    },
  };
}

function toDelivery(message: JsMsg): Delivery {
  return {
    subject: message.subject,
    payload: message.data,
    headers: readHeaders(message.headers),
    sequence: message.seq,
    deliveryCount: message.info.deliveryCount,
    ack: () => message.ack(),
    retryLater: (delayMs) => message.nak(delayMs),
    working: () => message.working(),
  };
}

export function readHeaders(headers: Iterable<[string, string[]]> | undefined): Record<string, string> {
  return headers ? Object.fromEntries([...headers].map(([name, values]) => [name, values[0] ?? ''])) : {};
}
