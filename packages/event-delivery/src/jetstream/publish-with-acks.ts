import { headers, type MsgHdrs, type NatsConnection } from 'nats';
import { MESSAGE_ID_HEADER, type Message, type PublishResult } from '../broker/broker.ts';
import { PublishFailed } from '../broker/publish-failed.ts';
import { isSubject, kindOf } from '../broker/subject-matches.ts';
import { type AwaitedAcks, awaitsAcks } from './await-acks.ts';

/** More in flight is slower, not faster: the server answers publishers in turn. */
const WINDOW = 512;
/** Kinds of subjects that are remembered to be taken by streams which were not declared here. */
const MOST_KINDS = 10_000;

interface PublisherOptions {
  readonly ackWithinMs: number;
  readonly inboxPrefix?: string;
  /** Whether a stream that was declared here takes it. */
  readonly isTaken: (subject: string) => boolean;
}

/**
 * Publishes to JetStream with ONE reply inbox for all acknowledgements, counted as they come: five times the rate of a
 * request per message, with the same guarantees (each message has its own ack, and a time limit for the whole call).
 *
 * Order holds over failures: a window is written to one socket in one go, so a lost connection loses its end and never
 * its middle; and what follows a failed message is not sent. A message whose subject may be nobody's (`isTaken`) is
 * therefore alone in its window, until one of its kind was stored.
 */
export function createPublisher(nc: NatsConnection, options: PublisherOptions) {
  const { isTaken, ackWithinMs, inboxPrefix } = options;
  const taken = remembersKinds(isTaken);
  const acks = awaitsAcks(nc, {
    inboxPrefix,
    whyNobodyAnswered({ subject, id }) {
      if (isTaken(subject)) {
        return new PublishFailed('STREAM_AWAY', `The stream that takes ${subject} is not there (${id}).`);
      }
      taken.forget(subject);
      return new PublishFailed('NO_STREAM', `No stream takes ${subject} (${id}).`);
    },
  });

  /** Stops in front of the first message that cannot be sent at all, or that was refused. */
  async function publish(messages: readonly Message[]): Promise<PublishResult[]> {
    const deadline = performance.now() + ackWithinMs;
    const unsendable = messages.findIndex((message) => whyUnsendable(nc, message) !== undefined);
    const sendable = unsendable === -1 ? messages : messages.slice(0, unsendable);
    const results: PublishResult[] = [];
    for (let start = 0; start < sendable.length; start = results.length) {
      const window = sendable.slice(start, endOfWindow(sendable, start, taken.isSureOf));
      const answered = await publishWindow({ nc, acks, ackWithinMs }, window, deadline);
      results.push(...answered);
      if (answered.some((result) => 'error' in result)) break;
      const [first, second] = window;
      if (first && !second) taken.remember(first.subject);
    }
    const refused = messages[results.length];
    if (refused && results.length === unsendable) {
      results.push({ error: whyUnsendable(nc, refused) as PublishFailed });
    }
    if (results.length < messages.length) {
      const notSent = { error: new PublishFailed('NOT_SENT', 'An earlier message failed; this one waits behind it.') };
      while (results.length < messages.length) results.push(notSent);
    }
    return results;
  }

  return {
    publish,
    /** Acknowledgements do not come over another connection: nobody has to wait for them. */
    connectionLost(): void {
      acks.giveUpAll(() => true, new PublishFailed('NO_ACK', 'The connection was lost before the acknowledgement.'));
    },
    /** The server lets this user publish nothing there: no acknowledgement will come. */
    denied(denied: string): void {
      const error = new PublishFailed('FORBIDDEN', `NATS does not let this user publish to ${denied}.`);
      acks.giveUpAll((subject) => subject === denied, error);
    },
  };
}

/** Which kinds of subjects some stream takes for sure: of those declared here all, of others what was stored before. */
function remembersKinds(isTaken: (subject: string) => boolean) {
  const stored = new Set<string>();
  return {
    isSureOf: ({ subject }: Message) => isTaken(subject) || stored.has(kindOf(subject)),
    remember(subject: string): void {
      if (isTaken(subject)) return;
      if (stored.size >= MOST_KINDS) stored.clear();
      stored.add(kindOf(subject));
    },
    forget: (subject: string) => stored.delete(kindOf(subject)),
  };
}

/** Where the window that begins at `start` ends. */
function endOfWindow(messages: readonly Message[], start: number, isSureOf: (message: Message) => boolean): number {
  const limit = Math.min(start + WINDOW, messages.length);
  for (let at = start; at < limit; at += 1) if (!isSureOf(messages[at] as Message)) return Math.max(at, start + 1);
  return limit;
}

async function publishWindow(
  { nc, acks, ackWithinMs }: { nc: NatsConnection; acks: AwaitedAcks; ackWithinMs: number },
  messages: readonly Message[],
  deadline: number,
): Promise<PublishResult[]> {
  const sent = messages.map((message) => {
    const asked = acks.expect(message);
    nc.publish(message.subject, message.payload, { headers: headersOf(message), reply: asked.reply });
    return asked;
  });
  const timer = setTimeout(() => {
    const error = new PublishFailed('NO_ACK', `No acknowledgement within ${ackWithinMs} ms.`);
    for (const { token } of sent) acks.giveUp(token, error);
  }, deadline - performance.now());
  try {
    return await Promise.all(sent.map(({ result }) => result));
  } finally {
    clearTimeout(timer);
  }
}

function headersOf(message: Message): MsgHdrs {
  const header = headers();
  header.set(MESSAGE_ID_HEADER, message.id);
  for (const [name, value] of Object.entries(message.headers ?? {})) header.set(name, value);
  return header;
}

function whyUnsendable(nc: NatsConnection, message: Message): PublishFailed | undefined {
  if (!isSubject(message.subject)) {
    return new PublishFailed('BAD_SUBJECT', `"${message.subject}" is not a subject to publish to.`);
  }
  const limit = nc.info?.max_payload ?? Number.POSITIVE_INFINITY;
  // Bytes are only counted where it could matter: a character is at most three.
  const atMost = message.payload.length * 3 + 4_096;
  if (atMost <= limit || Buffer.byteLength(message.payload) + headersOf(message).toString().length * 2 <= limit) return;
  return new PublishFailed('TOO_LARGE', `${message.subject} ${message.id} is larger than the server takes (${limit}).`);
}
