import {
  type ConsumerInfo,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
  RetentionPolicy,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type BrokerStatus, MESSAGE_ID_HEADER, type StoredMessage } from '../broker/broker.ts';
import { isMarked, markPattern, markSubject, prefixOf, unmarkSubject } from '../broker/partition-by-owner.ts';
import { subjectMatches } from '../broker/subject-matches.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { consumersOf, currentOf, handledThrough, type Layout, layoutsAmong } from './partitions/find-partitions.ts';
import { nullWhenMissing } from './put-stream.ts';
import { readHeaders } from './subscription/delivery.ts';
import { serviceOf, startOf } from './subscription/open-durable.ts';

interface Wanted {
  readonly subject?: string | undefined;
  readonly after?: number | undefined;
}

/** A stream's content in order, by a consumer that goes with the reading (`stored` of the broker's contract). */
export async function* readStored(
  jsm: JetStreamManager,
  stream: StreamName,
  { subject, after }: Wanted = {},
): AsyncIterable<StoredMessage> {
  const prefix = prefixOf(stream);
  if (prefix === undefined) return yield* readMatching(jsm, stream.name, { subject, after });
  const readings = subject === undefined ? [undefined] : await filtersFor(jsm, stream.name, { prefix, subject });
  const [first, second] = readings.map((filter) => readMatching(jsm, stream.name, { subject: filter, after }));
  if (!first) return;
  for await (const each of second ? inOrder(first, second) : first) {
    const read = unmarked(prefix, each);
    // A wildcard for a mark matches what is none, too.
    if (subject === undefined || subjectMatches(subject, read.subject)) yield read;
  }
}

/**
 * By which filters all of a subject are read, marked and not: one consumer on nats-server 2.9 has one filter, which must
 * lie in what the stream takes. Undefined: only by none at all.
 */
async function filtersFor(
  jsm: JetStreamManager,
  name: string,
  { prefix, subject }: { prefix: string; subject: string },
): Promise<readonly (string | undefined)[]> {
  if (!subject.startsWith(prefix)) return [subject];
  const info = await jsm.streams.info(name, { subjects_filter: subject }).catch(nullWhenMissing);
  if (!info) return [];
  if (!isMarked(prefix, info.config.subjects)) return [subject, markPattern(prefix, subject)];
  // What was stored before subjects were marked is no longer what the stream takes.
  const isOfOneOwner = !/[*>]$/.test(subject);
  const unmarkedAreLeft = Object.keys(info.state.subjects ?? {}).some((each) => unmarkSubject(prefix, each) === each);
  return isOfOneOwner && !unmarkedAreLeft ? [markSubject(prefix, subject)] : [undefined];
}

function unmarked(prefix: string, message: StoredMessage): StoredMessage {
  const subject = unmarkSubject(prefix, message.subject);
  return subject === message.subject ? message : { ...message, subject };
}

/** Merge of two readings of one stream, each message once. */
async function* inOrder(a: AsyncGenerator<StoredMessage>, b: AsyncGenerator<StoredMessage>) {
  let [first, second] = await Promise.all([a.next(), b.next()]);
  while (!first.done || !second.done) {
    if (second.done || (!first.done && first.value.sequence <= second.value.sequence)) {
      if (first.done) return;
      const { value } = first;
      yield value;
      if (!second.done && second.value.sequence === value.sequence) second = await b.next();
      first = await a.next();
    } else {
      yield second.value;
      second = await b.next();
    }
  }
}

async function* readMatching(
  jsm: JetStreamManager,
  name: string,
  { subject, after = 0 }: Wanted,
): AsyncGenerator<StoredMessage> {
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

/**
 * In a cluster each stream is asked for by itself: that its leader answers, who knows of every message that was
 * acknowledged. A list of streams is answered by followers too, and without those that are slow.
 */
export async function readStatus(jsm: JetStreamManager): Promise<BrokerStatus> {
  const streams: BrokerStatus['streams'][number][] = [];
  const consumers: BrokerStatus['consumers'][number][] = [];
  for await (const name of jsm.streams.names()) {
    const stream = await jsm.streams.info(name);
    const mostMessages = mostMessagesOf(stream);
    streams.push({
      name,
      messages: stream.state.messages,
      bytes: stream.state.bytes,
      ...(mostMessages !== undefined && { mostMessages }),
      createdAt: String(stream.created),
      ...(stream.cluster?.leader !== undefined && { leader: stream.cluster.leader }),
      ...(dropsFromBetween(stream) && { dropsFromBetween: true }),
      firstSequence: stream.state.messages === 0 ? stream.state.last_seq + 1 : stream.state.first_seq,
      lastSequence: stream.state.last_seq,
    });
    for (const [durable, layouts] of layoutsAmong(await consumersOf(jsm, name))) {
      const layout = currentOf(layouts) ?? layouts[0];
      if (layout) consumers.push({ stream: name, durable, ...statusOf(layout, stream.state.last_seq) });
    }
  }
  return { streams, consumers };
}

const dropsFromBetween = ({ config }: StreamInfo): boolean =>
  config.max_msgs_per_subject > 0 || config.retention !== RetentionPolicy.Limits;

type ConsumerStatus = BrokerStatus['consumers'][number];

/** Of all partitions together: what is handled is what all of them have. */
function statusOf({ partitions, parts }: Layout, lastSequence: number): Omit<ConsumerStatus, 'stream' | 'durable'> {
  const sum = (count: (part: ConsumerInfo) => number) => parts.reduce((total, part) => total + count(part), 0);
  const first = parts[0] as ConsumerInfo;
  return {
    lag: sum(({ num_pending: lag }) => lag),
    unacked: sum(({ num_ack_pending: unacked }) => unacked),
    redelivered: sum(({ num_redelivered: redelivered }) => redelivered),
    ackedThrough: Math.min(...parts.map((part) => handledThrough(part, lastSequence))),
    service: serviceOf(first),
    since: startOf(first),
    ...(partitions > 1 && {
      partitions: parts.map(({ name, num_pending: lag, num_ack_pending: unacked }) => ({ name, lag, unacked })),
    }),
  };
}
