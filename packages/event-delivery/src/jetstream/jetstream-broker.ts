import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection, type Status } from 'nats';
import type { EventBroker, Stoppable } from '../broker/broker.ts';
import { readHeaderPrefix } from '../broker/header-prefix.ts';
import { PublishFailed } from '../broker/publish-failed.ts';
import { subjectMatches } from '../broker/subject-matches.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { Log } from '../observe/log.ts';
import { familyOf, startHop, traceBeingHandled } from '../observe/trace-event-path.ts';
import { connectToNats, logRefusals } from './connection/connect-to-nats.ts';
import { readNatsUrl } from './connection/read-nats-url.ts';
import { gatherAcks } from './gather-acks.ts';
import { createPublisher } from './publish-with-acks.ts';
import { type Declaring, putStream } from './put-stream.ts';
import { readStatus, readStored } from './read-streams.ts';
import { subscribeDurably } from './subscribe-durably.ts';

/** Shorter than a relay may be silent inside its transaction. */
const ACK_WITHIN_MS = 2_500;
const SERVICE_UNAVAILABLE = 503;
const ASK_AGAIN_AFTER_MS = 250;

export interface JetStreamOptions {
  /** As NATS_URL: with user and password or a token in it, where the server asks for them. */
  readonly servers: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly log: Log;
  /** 3 on a cluster. */
  readonly replicas?: number;
  /** How long streams keep messages (default 7 days), those that keep theirs for ever aside. */
  readonly keepForMs?: number;
  /** What the headers of event delivery's own begin with (default `Kith`). */
  readonly headerPrefix?: string;
}

/**
 * The broker over NATS JetStream; runs on nats-server 2.9 and later. Waits for the server as long as it takes.
 *
 * @throws {NatsUrlError} when the URL cannot be read, or the server is there and refuses the user in it
 * @throws {BadHeaderPrefix}
 */
export async function connectJetStream(options: JetStreamOptions): Promise<EventBroker> {
  const { log } = options;
  const headerPrefix = readHeaderPrefix(options.headerPrefix);
  const nc = await connectToNats({ url: options.servers, name: options.name, log });
  // A manager whose server has no answer yet must not fail the start: streams are declared with retries.
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 5_000 });
  const declared = new Map<string, StreamName>();
  const declaring: Declaring = { ...options, notOurs: new Set() };
  const reconnectHandlers = new Set<() => void>();
  let connected = true;

  const refusals = logRefusals({ url: options.servers, log, onDenied: (subject) => publisher.denied(subject) });
  void followStatus(nc, ({ type: event, ...status }) => {
    if ('error' in status) refusals.error(status.error);
    if (event === 'disconnect') {
      connected = false;
      publisher.connectionLost();
    }
    if (event === 'reconnect') {
      connected = true;
      refusals.reconnected();
      for (const handler of reconnectHandlers) guarded(log, handler);
    }
  });

  function isTaken(subject: string): boolean {
    for (const { subjects } of declared.values()) {
      for (const pattern of subjects) if (subjectMatches(pattern, subject)) return true;
    }
    return false;
  }

  async function ensureStreams(): Promise<void> {
    for (const stream of declared.values()) await putStream(jsm, stream, declaring);
  }

  async function ensureStream(name: string): Promise<void> {
    const stream = declared.get(name);
    if (stream) await putStream(jsm, stream, declaring);
  }

  function onReconnect(handler: () => void): Stoppable {
    reconnectHandlers.add(handler);
    return { stop: async () => void reconnectHandlers.delete(handler) };
  }

  const acks = gatherAcks(log);
  const publisher = createPublisher(nc, {
    ackWithinMs: ACK_WITHIN_MS,
    inboxPrefix: readNatsUrl(options.servers).inboxPrefix,
    isTaken,
  });

  return {
    get connected() {
      return connected && !nc.isClosed();
    },
    headerPrefix,
    async declareStream(stream) {
      declared.set(stream.name, stream);
      await untilAnswered(nc, () => putStream(jsm, stream, declaring));
    },
    async publish(messages) {
      // Nothing is handed to a client without a server: it would only pile up there.
      if (!connected) return messages.map(() => ({ error: new PublishFailed('NOT_CONNECTED', 'NATS is away.') }));
      acks.send();
      const results = await publisher.publish(messages);
      const lost = results.some((result) => 'error' in result && isStreamMissing(result.error));
      // A wiped broker: give it its streams back; what failed is published at the next attempt.
      if (lost)
        await ensureStreams().catch((error) => log.debug({ error: String(error) }, 'streams cannot be restored yet'));
      return results;
    },
    subscribe: (subscription) => {
      declared.set(subscription.stream.name, subscription.stream);
      return subscribeDurably(
        { nc, jsm, log, acks, ensureStream, onReconnect, replicas: options.replicas ?? 1 },
        subscription,
      );
    },
    stored: (stream, what) => readStored(jsm, stream.name, what),
    async deleteStored(stream, sequence) {
      await jsm.streams.deleteMessage(stream.name, sequence).catch(async (error) => {
        if (await jsm.streams.getMessage(stream.name, { seq: sequence })) throw error;
      });
    },
    status: () => readStatus(jsm),
    announce: (subject, payload) => {
      if (nc.isClosed()) return;
      acks.send();
      const hop = startHop('announce', traceBeingHandled(), { 'messaging.destination.name': familyOf(subject) });
      // Headers cost every reader something: only where somebody records.
      if (hop.recorded && hop.traceparent) {
        const header = headers();
        header.set('traceparent', hop.traceparent);
        nc.publish(subject, payload, { headers: header });
      } else nc.publish(subject, payload);
      hop.end();
    },
    listen(subject, onMessage) {
      const subscription = nc.subscribe(subject, {
        callback: (error, message) => {
          if (error) return;
          // A callback that throws would end the connection's reader: nothing may escape.
          const trace = () => message.headers?.get('traceparent') || undefined;
          guarded(log, () => onMessage(message.string(), message.subject, trace));
        },
      });
      return { stop: async () => subscription.unsubscribe() };
    },
    onReconnect,
    async close() {
      acks.send();
      // Acknowledgements and announcements still in the buffer are worth a moment, a server that is away is not.
      if (connected) await Promise.race([nc.flush().catch(() => undefined), sleep(1_000, undefined, { ref: false })]);
      await nc.close();
    },
  };
}

function isStreamMissing(error: Error): boolean {
  return error instanceof PublishFailed && error.code === 'STREAM_AWAY';
}

function guarded(log: Log, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.error({ error: String(error) }, 'a listener threw; its message was dropped');
  }
}

async function followStatus(nc: NatsConnection, on: (status: Status) => void): Promise<void> {
  for await (const status of nc.status()) on(status);
}

/** Repeats what a server that has gone, or is only just starting, does not answer; its refusals are thrown. */
async function untilAnswered<Result>(nc: NatsConnection, work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const refused = error instanceof JetStreamApiError && error.status !== SERVICE_UNAVAILABLE;
      if (refused || nc.isClosed()) throw error;
    }
    await sleep(ASK_AGAIN_AFTER_MS);
  }
}
