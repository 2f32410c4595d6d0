import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';
import type { DurableSubscription, EventBroker, Message, PublishResult } from '../broker/broker.ts';
import { readHeaderPrefix } from '../broker/header-prefix.ts';
import { PublishFailed } from '../broker/publish-failed.ts';
import type { StreamSettings } from '../broker/stream-settings.ts';
import type { Log } from '../observe/log.ts';
import { announcesOverNats } from './announce-over-nats.ts';
import { comparesSettings } from './apply-settings.ts';
import { connectToNats } from './connection/connect-to-nats.ts';
import { followConnection } from './connection/follow-connection.ts';
import { type NatsCredentials, readNatsAccess } from './connection/read-nats-access.ts';
import { declaresStreams } from './declare-streams.ts';
import { subscribeDurably } from './partitions/subscribe-durably.ts';
import { createPublisher } from './publish-with-acks.ts';
import { readStatus, readStored } from './read-streams.ts';
import { gatherAcks } from './subscription/gather-acks.ts';

/** Shorter than a relay may be silent inside its transaction. */
const ACK_WITHIN_MS = 2_500;
const SERVICE_UNAVAILABLE = 503;
const ASK_AGAIN_AFTER_MS = 250;

export interface JetStreamOptions {
  /** As NATS_URL: with user and password or a token in it, where the server asks for them. */
  readonly servers: string;
  /** Who we are where the URL does not say it, and certificates. */
  readonly credentials?: NatsCredentials;
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly log: Log;
  /** How streams are made, and compared with what is there. */
  readonly streams?: StreamSettings;
  /** What the headers of event delivery's own begin with (default `Kith`). */
  readonly headerPrefix?: string;
}

/**
 * The broker over NATS JetStream; runs on nats-server 2.9 and later. Waits for the server as long as it takes.
 *
 * @throws {NatsAccessError} when what is said of it cannot be used, or the server is there and refuses us
 * @throws {BadHeaderPrefix}
 */
export async function connectJetStream(options: JetStreamOptions): Promise<EventBroker> {
  const { log } = options;
  const headerPrefix = readHeaderPrefix(options.headerPrefix);
  const access = readNatsAccess(options.servers, options.credentials ?? {}, options.name);
  const nc = await connectToNats({ access, name: options.name, log });
  // A manager whose server has no answer yet must not fail the start: streams are declared with retries.
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 5_000 });
  const settings = options.streams ?? {};
  const declared = declaresStreams(jsm, { settings, log });
  const durables = new Map<string, DurableSubscription>();
  const acks = gatherAcks(log);
  const publisher = createPublisher(nc, {
    ackWithinMs: ACK_WITHIN_MS,
    inboxPrefix: access.inboxPrefix,
    isTaken: declared.take,
  });
  const connection = followConnection(nc, {
    access,
    log,
    onLost: publisher.connectionLost,
    onDenied: publisher.denied,
  });
  const { onReconnect } = connection;

  return {
    get connected() {
      return connection.isUp();
    },
    headerPrefix,
    keepForMs: settings.keepForMs,
    async declareStream(stream) {
      declared.add(stream, { isOurs: true });
      await untilAnswered(nc, () => declared.put(stream.name));
    },
    async publish(messages) {
      // Nothing is handed to a client without a server: it would only pile up there.
      if (connection.isLost())
        return messages.map(() => ({ error: new PublishFailed('NOT_CONNECTED', 'NATS is away.') }));
      acks.send();
      return publishMarked({ publisher, declared, log }, messages);
    },
    subscribe: (subscription) => {
      const { stream, durable } = subscription;
      declared.add(stream, { isOurs: false });
      durables.set(`${stream.name} ${durable}`, subscription);
      const { put: ensureStream, subjects } = declared;
      const { isMarked } = subjects;
      return subscribeDurably({ nc, jsm, log, acks, ensureStream, isMarked, onReconnect, settings }, subscription);
    },
    ...comparesSettings(jsm, { log, settings, streams: declared.ours, durables: () => [...durables.values()] }),
    stored: (stream, what) => readStored(jsm, stream, what),
    async deleteStored(stream, sequence) {
      await jsm.streams.deleteMessage(stream.name, sequence).catch(async (error) => {
        if (await jsm.streams.getMessage(stream.name, { seq: sequence })) throw error;
      });
    },
    status: () => readStatus(jsm),
    ...announcesOverNats(nc, { log, beforeSending: acks.send, subjects: declared.subjects }),
    onReconnect,
    async close() {
      acks.send();
      // Acknowledgements and announcements still in the buffer are worth a moment, a server that is away is not.
      if (!connection.isLost())
        await Promise.race([nc.flush().catch(() => undefined), sleep(1_000, undefined, { ref: false })]);
      await nc.close();
    },
  };
}

interface Publishing {
  readonly publisher: ReturnType<typeof createPublisher>;
  readonly declared: ReturnType<typeof declaresStreams>;
  readonly log: Log;
}

async function publishMarked(
  { publisher, declared, log }: Publishing,
  messages: readonly Message[],
): Promise<PublishResult[]> {
  const { subjects } = declared;
  const results = await publisher.publish(subjects.mark(messages));
  const refused = results.findIndex((result) => failedBy(result, 'NO_STREAM'));
  if (refused !== -1 && (await subjects.learn(messages[refused]?.subject ?? '').catch(() => false))) {
    return [
      ...results.slice(0, refused),
      ...(await publishMarked({ publisher, declared, log }, messages.slice(refused))),
    ];
  }
  // A wiped broker: give it its streams back. Or subjects are to be marked from now on. The next attempt succeeds.
  if (results.some((result) => failedBy(result, 'STREAM_AWAY'))) {
    await declared.putAll().catch((error) => log.debug({ error: String(error) }, 'streams cannot be restored yet'));
  }
  return results;
}

const failedBy = (result: PublishResult, code: string): boolean =>
  'error' in result && result.error instanceof PublishFailed && result.error.code === code;

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
