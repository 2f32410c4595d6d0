import { DeliverPolicy, type JetStreamManager, type JsMsg, type StreamInfo } from '@nats-io/jetstream';
import { type BrokerStatus, MESSAGE_ID_HEADER, type StoredMessage } from '../broker/broker.ts';
import { nullWhenMissing } from './put-stream.ts';
import { readHeaders } from './subscription/delivery.ts';
import { serviceOf, startOf } from './subscription/open-durable.ts';

/** A stream's content in order, by a consumer that goes with the reading (`stored` of the broker's contract). */
export async function* readStored(
  jsm: JetStreamManager,
  name: string,
  { subject, after = 0 }: { subject?: string; after?: number } = {},
): AsyncIterable<StoredMessage> {
  const info = await jsm.streams.info(name).catch(nullWhenMissing);
  if (!info || info.state.messages === 0 || info.state.last_seq <= after) return;
  const consumer = await jsm.jetstream().consumers.get(name, {
    ...(subject && { filter_subjects: subject }),
    ...(after > 0 && { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 }),
  });
  for (;;) {
    const { num_pending: pending } = await consumer.info(true);
    if (pending === 0) return;
    // Asked for in portions that end by themselves: what is deleted meanwhile must not be waited for.
    const portion = await consumer.fetch({ max_messages: Math.min(pending, 1_000), expires: 2_000 });
    for await (const message of portion) {
      yield toStored(message);
      if (message.info.pending === 0 || message.seq >= info.state.last_seq) return;
    }
  }
}

function toStored(message: JsMsg): StoredMessage {
  const headers = readHeaders(message.headers);
  return {
    sequence: message.seq,
    subject: message.subject,
    id: headers[MESSAGE_ID_HEADER],
    storedAt: message.time,
    headers,
    payload: message.data,
  };
}

/** Of an empty stream nobody knows how large its messages are. */
const USUAL_BYTES = 1_024;

/** The limit of the size, in messages as large as those that are there. */
function mostMessagesOf({ config, state }: StreamInfo): number | undefined {
  const limits: number[] = [];
  if (config.max_msgs > 0) limits.push(config.max_msgs);
  if (config.max_bytes > 0) {
    const bytesOfOne = state.messages === 0 ? USUAL_BYTES : state.bytes / state.messages;
    limits.push(Math.floor(config.max_bytes / bytesOfOne));
  }
  return limits.length === 0 ? undefined : Math.min(...limits);
}

export async function readStatus(jsm: JetStreamManager): Promise<BrokerStatus> {
  const streams: BrokerStatus['streams'][number][] = [];
  const consumers: BrokerStatus['consumers'][number][] = [];
  for await (const stream of jsm.streams.list()) {
    const { name } = stream.config;
    const mostMessages = mostMessagesOf(stream);
    streams.push({
      name,
      messages: stream.state.messages,
      bytes: stream.state.bytes,
      ...(mostMessages !== undefined && { mostMessages }),
      createdAt: String(stream.created),
      firstSequence: stream.state.messages === 0 ? stream.state.last_seq + 1 : stream.state.first_seq,
      lastSequence: stream.state.last_seq,
    });
    for await (const consumer of jsm.consumers.list(name)) {
      if (!consumer.config.durable_name) continue;
      consumers.push({
        stream: name,
        durable: consumer.config.durable_name,
        lag: consumer.num_pending,
        unacked: consumer.num_ack_pending,
        redelivered: consumer.num_redelivered,
        ackedThrough: consumer.ack_floor.stream_seq,
        service: serviceOf(consumer),
        since: startOf(consumer),
      });
    }
  }
  return { streams, consumers };
}
