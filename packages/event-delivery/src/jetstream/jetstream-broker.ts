import type { StreamName } from '@kith/event-contracts';
import { type JetStreamManager, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect, type NatsConnection, nanos } from 'nats';
import type { BrokerStatus, EventBroker, StoredMessage } from '../broker.ts';
import type { Log } from '../log.ts';
import { createPublisher, PublishFailed } from './publish-with-acks.ts';
import { readHeaders, subscribeDurably } from './subscribe-durably.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface JetStreamOptions {
  readonly servers: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly log: Log;
  /** 3 on a cluster. */
  readonly replicas?: number;
  readonly keepForMs?: number;
}

/** The broker over NATS JetStream; runs on nats-server 2.9 and later. Waits for the server as long as it takes. */
export async function connectJetStream(options: JetStreamOptions): Promise<EventBroker> {
  const { log } = options;
  const nc = await connect({
    servers: options.servers,
    name: options.name,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    pingInterval: 5_000,
    maxPingOut: 2,
  });
  // A manager whose server has no answer yet must not fail the start: streams are declared with retries.
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 5_000 });
  const declared = new Map<string, StreamName>();
  const reconnectHandlers = new Set<() => void>();
  let connected = true;

  void followStatus(nc, (event) => {
    if (event === 'disconnect') connected = false;
    if (event === 'reconnect') {
      connected = true;
      for (const handler of reconnectHandlers) guarded(log, handler);
    }
  });

  async function ensureStream(name: string): Promise<void> {
    const stream = declared.get(name);
    if (stream) await putStream(jsm, stream, options);
  }

  const publishOnce = createPublisher(nc, { ackWithinMs: 5_000 });

  return {
    get connected() {
      return connected && !nc.isClosed();
    },
    async declareStream(stream) {
      declared.set(stream.name, stream);
      await putStream(jsm, stream, options);
    },
    async publish(messages) {
      // Nothing is handed to a client without a server: it would only pile up there.
      if (!connected) return messages.map(() => ({ error: new PublishFailed('NOT_CONNECTED', 'NATS is away.') }));
      const results = await publishOnce(messages);
      const lost = results.some((result) => 'error' in result && isStreamMissing(result.error));
      // A wiped broker: give it its streams back; what failed is published at the next attempt.
      if (lost) for (const name of declared.keys()) await ensureStream(name);
      return results;
    },
    subscribe: (subscription) => {
      declared.set(subscription.stream.name, subscription.stream);
      return subscribeDurably({ nc, jsm, log, ensureStream }, subscription);
    },
    stored: (stream, what) => readStored(jsm, stream.name, what?.subject),
    async deleteStored(stream, sequence) {
      await jsm.streams.deleteMessage(stream.name, sequence);
    },
    status: () => readStatus(jsm),
    announce: (subject, payload) => {
      if (!nc.isClosed()) nc.publish(subject, payload);
    },
    listen(subject, onMessage) {
      const subscription = nc.subscribe(subject, {
        callback: (error, message) => {
          if (error) return;
          // A callback that throws would end the connection's reader: nothing may escape.
          guarded(log, () => onMessage(message.string(), message.subject));
        },
      });
      return { stop: async () => subscription.unsubscribe() };
    },
    onReconnect(handler) {
      reconnectHandlers.add(handler);
      return { stop: async () => void reconnectHandlers.delete(handler) };
    },
    async close() {
      await nc.close();
    },
  };
}

function isStreamMissing(error: Error): boolean {
  return error instanceof PublishFailed && error.code === 'NO_STREAM';
}

function guarded(log: Log, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.error({ error: String(error) }, 'a listener threw; its message was dropped');
  }
}

async function followStatus(nc: NatsConnection, on: (event: string) => void): Promise<void> {
  for await (const status of nc.status()) on(status.type);
}

async function putStream(jsm: JetStreamManager, stream: StreamName, options: JetStreamOptions): Promise<void> {
  const config = {
    name: stream.name,
    subjects: [...stream.subjects],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    max_age: nanos(options.keepForMs ?? 7 * DAY_MS),
    duplicate_window: nanos(2 * 60 * 1000),
    num_replicas: options.replicas ?? 1,
  };
  try {
    await jsm.streams.info(stream.name);
  } catch {
    await jsm.streams.add(config);
    return;
  }
  const { name, storage: _immutable, retention: _alsoImmutable, ...changeable } = config;
  await jsm.streams.update(name, changeable);
}

async function* readStored(jsm: JetStreamManager, name: string, subject?: string): AsyncIterable<StoredMessage> {
  const { state } = await jsm.streams.info(name);
  if (state.messages === 0) return;
  const consumer = await jsm.jetstream().consumers.get(name, subject ? { filter_subjects: [subject] } : {});
  const { num_pending: pending } = await consumer.info(true);
  if (pending === 0) return;
  let left = pending;
  const messages = await consumer.consume({ max_messages: 1_000 });
  try {
    for await (const message of messages) {
      const headers = readHeaders(message.headers);
      yield {
        sequence: message.seq,
        subject: message.subject,
        id: headers['Nats-Msg-Id'],
        storedAt: message.time,
        headers,
        payload: message.data,
      };
      left -= 1;
      if (left <= 0 || message.seq >= state.last_seq) return;
    }
  } finally {
    await messages.close();
  }
}

async function readStatus(jsm: JetStreamManager): Promise<BrokerStatus> {
  const streams: BrokerStatus['streams'][number][] = [];
  const consumers: BrokerStatus['consumers'][number][] = [];
  for await (const stream of jsm.streams.list()) {
    const { name } = stream.config;
    streams.push({
      name,
      messages: stream.state.messages,
      bytes: stream.state.bytes,
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
      });
    }
  }
  return { streams, consumers };
}
