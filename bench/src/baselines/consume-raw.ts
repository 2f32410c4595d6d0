import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';

/** The floor of a consumer: `count` messages of a stream parsed and acknowledged, by a durable of its own. */
export async function consumeRaw(nc: NatsConnection, stream: string, durable: string, count: number): Promise<void> {
  const manager = await jetstreamManager(nc);
  await manager.consumers.add(stream, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 1_000,
  });
  const consumer = await jetstream(nc).consumers.get(stream, durable);
  const messages = await consumer.consume({ max_messages: 500 });
  let handled = 0;
  for await (const message of messages) {
    message.json();
    message.ack();
    handled += 1;
    if (handled === count) break;
  }
  await messages.close();
}
