import {
  type BrokerStatus,
  DEDUP_WINDOW_MS,
  type EventBroker,
  isSubject,
  type Log,
  MESSAGE_ID_HEADER,
  type Message,
  type OnAnnouncement,
  PublishFailed,
  type PublishResult,
  type StoredMessage,
  type StreamName,
  type Subscription,
  subjectMatches,
} from '@kith/event-delivery';
import { createDurable, type Durable } from './deliver-from-memory.ts';

const MAX_BYTES = 1024 * 1024;

/** A stream, its messages and who consumes it, by durable name. */
function createStream(config: StreamName) {
  const messages: StoredMessage[] = [];
  const durables = new Map<string, Durable>();
  const createdAt = new Date().toISOString();
  let last = 0;
  return {
    config,
    messages,
    durables,
    takes: (subject: string) => config.subjects.some((each) => subjectMatches(each, subject)),
    append({ id, subject, payload, headers }: Message): PublishResult {
      const since = Date.now() - DEDUP_WINDOW_MS;
      const same = messages.findLast((each) => each.id === id && each.storedAt.getTime() > since);
      if (same) return { sequence: same.sequence, duplicate: true };
      last += 1;
      const stored = { sequence: last, subject, id, storedAt: new Date(), payload: Buffer.from(payload) };
      messages.push({ ...stored, headers: { ...headers, [MESSAGE_ID_HEADER]: id } });
      return { sequence: last, duplicate: false };
    },
    delete(sequence: number): void {
      const at = messages.findIndex((each) => each.sequence === sequence);
      if (at >= 0) messages.splice(at, 1);
      for (const durable of durables.values()) durable.forget(sequence);
    },
    status: (): BrokerStatus['streams'][number] => ({
      name: config.name,
      createdAt,
      messages: messages.length,
      bytes: messages.reduce((sum, { payload }) => sum + payload.length, 0),
      firstSequence: messages[0]?.sequence ?? last + 1,
      lastSequence: last,
    }),
  };
}

/**
 * A message broker in memory (a fake, for tests of services that want no servers): whoever connects shares its streams,
 * and the end of the process is the end of them. The contract suites of event delivery prove it.
 */
export function createInMemoryBus({ log }: { log: Log }) {
  const streams = new Map<string, ReturnType<typeof createStream>>();
  const listeners = new Set<{ pattern: string; onMessage: OnAnnouncement }>();

  const streamOf = (config: StreamName) => {
    const stream = streams.get(config.name) ?? createStream(config);
    streams.set(config.name, stream);
    return stream;
  };

  const tell = (subject: string, payload: string) =>
    queueMicrotask(() => {
      for (const { pattern, onMessage } of listeners) {
        if (!subjectMatches(pattern, subject)) continue;
        try {
          onMessage(payload, subject, () => undefined);
        } catch (error) {
          log.error({ error: String(error) }, 'a listener threw; its message was dropped');
        }
      }
    });

  function append(message: Message): PublishResult {
    const { id, subject, payload } = message;
    const fail = (code: string, why: string) => ({ error: new PublishFailed(code, `${subject} (${id}) ${why}`) });
    if (!isSubject(subject)) return fail('BAD_SUBJECT', 'is no subject to publish to.');
    if (Buffer.byteLength(payload) > MAX_BYTES) return fail('TOO_LARGE', `is larger than ${MAX_BYTES} bytes.`);
    const stream = [...streams.values()].find(({ takes }) => takes(subject));
    if (!stream) return fail('NO_STREAM', 'is taken by no stream.');
    const result = stream.append(message);
    if ('duplicate' in result && !result.duplicate) tell(subject, payload);
    for (const durable of stream.durables.values()) queueMicrotask(durable.pump);
    return result;
  }

  return { connect: async () => connectTo({ streams, streamOf, listeners, tell, append }) };
}

interface Bus {
  readonly streams: ReadonlyMap<string, ReturnType<typeof createStream>>;
  readonly listeners: Set<{ pattern: string; onMessage: OnAnnouncement }>;
  streamOf(config: StreamName): ReturnType<typeof createStream>;
  tell(subject: string, payload: string): void;
  append(message: Message): PublishResult;
}

/** One connection: what was begun over it ends with it. */
function connectTo(bus: Bus): EventBroker {
  const begun = new Set<{ stop(): Promise<void> }>();
  let connected = true;
  const begin = <Begun extends { stop(): Promise<void> }>(each: Begun): Begun => {
    begun.add(each);
    return each;
  };
  return {
    get connected() {
      return connected;
    },
    declareStream: async (config) => void bus.streamOf(config),
    async publish(messages) {
      let failed = connected ? undefined : new PublishFailed('NOT_CONNECTED', 'This connection is closed.');
      return messages.map((message) => {
        if (failed) return { error: failed };
        const result = bus.append(message);
        if ('error' in result) failed = new PublishFailed('NOT_SENT', 'An earlier message failed.');
        return result;
      });
    },
    subscribe: (subscription) => begin(subscribeTo(bus.streamOf(subscription.stream), subscription)),
    async *stored({ name }, { subject = '>', after = 0 } = {}) {
      for (const message of [...(bus.streams.get(name)?.messages ?? [])]) {
        if (message.sequence > after && subjectMatches(subject, message.subject)) yield message;
      }
    },
    deleteStored: async ({ name }, sequence) => bus.streams.get(name)?.delete(sequence),
    status: async () => ({
      streams: [...bus.streams.values()].map((stream) => stream.status()),
      consumers: [...bus.streams.values()].flatMap(({ config, durables }) =>
        [...durables].map(([durable, each]) => ({ stream: config.name, durable, ...each.status() })),
      ),
    }),
    announce: bus.tell,
    listen(pattern, onMessage) {
      const listener = { pattern, onMessage };
      bus.listeners.add(listener);
      return begin({ stop: async () => void bus.listeners.delete(listener) });
    },
    // There is no connection to lose.
    onReconnect: () => ({ stop: async () => undefined }),
    async close() {
      connected = false;
      await Promise.all([...begun].map((each) => each.stop()));
    },
  };
}

function subscribeTo(
  { durables, messages }: ReturnType<typeof createStream>,
  subscription: Parameters<EventBroker['subscribe']>[0],
): Subscription {
  const durable = durables.get(subscription.durable) ?? createDurable(messages);
  durables.set(subscription.durable, durable);
  durable.add(subscription);
  return {
    active: () => durable.isActive(subscription),
    stop: (handled) => durable.remove(subscription, handled),
  };
}
