import { createInbox, headers, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import { MESSAGE_ID_HEADER, type Message, type PublishResult } from '../broker/broker.ts';
import { PublishFailed } from '../broker/publish-failed.ts';
import { isSubject, kindOf } from '../broker/subject-matches.ts';

/** More in flight is slower, not faster: the server answers publishers in turn. */
const WINDOW = 512;
const NO_RESPONDERS = 503;
/** Kinds of subjects that are remembered to be taken by streams which were not declared here. */
const MOST_KINDS = 10_000;

/**
 * Publishes to JetStream with ONE reply inbox for all acknowledgements, counted as they come: five times the rate of a
 * request per message, with the same guarantees (each message has its own ack, and a time limit for the whole call).
 *
 * Order holds over failures: a window is written to one socket in one go, so a lost connection loses its end and never
 * its middle; and what follows a failed message is not sent. A message whose subject may be nobody's (`isTaken`) is
 * therefore alone in its window, until one of its kind was stored.
 */
export function createPublisher(
  nc: NatsConnection,
  options: { ackWithinMs: number; inboxPrefix?: string; isTaken: (subject: string) => boolean },
) {
  const inbox = createInbox(options.inboxPrefix);
  const waiting = new Map<string, { message: Message; settle: (result: PublishResult) => void }>();
  const stored = new Set<string>();
  let counter = 0;

  nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      // Refused as a whole (this user may not listen to it): there is no message then, and the log is told.
      if (error) return;
      const token = message.subject.slice(inbox.length + 1);
      const asked = waiting.get(token);
      if (!asked) return;
      waiting.delete(token);
      asked.settle(readAck(message, asked.message));
    },
  });

  function giveUp(which: (subject: string) => boolean, error: PublishFailed): void {
    for (const [token, { message, settle }] of waiting) {
      if (!which(message.subject)) continue;
      waiting.delete(token);
      settle({ error });
    }
  }

  function readAck(answer: Msg, { subject, id }: Message): PublishResult {
    if (answer.headers?.code !== NO_RESPONDERS) return readStored(answer);
    if (options.isTaken(subject)) {
      return { error: new PublishFailed('STREAM_AWAY', `The stream that takes ${subject} is not there (${id}).`) };
    }
    stored.delete(kindOf(subject));
    return { error: new PublishFailed('NO_STREAM', `No stream takes ${subject} (${id}).`) };
  }

  const isSureOf = ({ subject }: Message) => options.isTaken(subject) || stored.has(kindOf(subject));

  /** Where the window that begins at `start` ends. */
  function endOfWindow(messages: readonly Message[], start: number): number {
    const limit = Math.min(start + WINDOW, messages.length);
    for (let at = start; at < limit; at += 1) if (!isSureOf(messages[at] as Message)) return Math.max(at, start + 1);
    return limit;
  }

  function publishOne(message: Message): { token: string; result: Promise<PublishResult> } {
    counter += 1;
    const token = String(counter);
    const result = new Promise<PublishResult>((settle) => waiting.set(token, { message, settle }));
    nc.publish(message.subject, message.payload, { headers: headersOf(message), reply: `${inbox}.${token}` });
    return { token, result };
  }

  async function publishWindow(messages: readonly Message[], deadline: number): Promise<PublishResult[]> {
    const sent = messages.map(publishOne);
    const timer = setTimeout(() => {
      for (const { token } of sent) {
        const asked = waiting.get(token);
        waiting.delete(token);
        asked?.settle({ error: new PublishFailed('NO_ACK', `No acknowledgement within ${options.ackWithinMs} ms.`) });
      }
    }, deadline - performance.now());
    try {
      return await Promise.all(sent.map(({ result }) => result));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops in front of the first message that cannot be sent at all, or that was refused. */
  async function publish(messages: readonly Message[]): Promise<PublishResult[]> {
    const deadline = performance.now() + options.ackWithinMs;
    const unsendable = messages.findIndex((message) => whyUnsendable(nc, message) !== undefined);
    const sendable = unsendable === -1 ? messages : messages.slice(0, unsendable);
    const results: PublishResult[] = [];
    for (let start = 0; start < sendable.length; start = results.length) {
      const window = sendable.slice(start, endOfWindow(sendable, start));
      const answered = await publishWindow(window, deadline);
      results.push(...answered);
      if (answered.some((result) => 'error' in result)) break;
      if (window.length === 1 && !options.isTaken(window[0]!.subject)) remember(window[0]!.subject);
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

  function remember(subject: string): void {
    if (stored.size >= MOST_KINDS) stored.clear();
    stored.add(kindOf(subject));
  }

  return {
    publish,
    /** Acknowledgements do not come over another connection: nobody has to wait for them. */
    connectionLost(): void {
      giveUp(() => true, new PublishFailed('NO_ACK', 'The connection was lost before the acknowledgement.'));
    },
    /** The server lets this user publish nothing there: no acknowledgement will come. */
    denied(denied: string): void {
      const error = new PublishFailed('FORBIDDEN', `NATS does not let this user publish to ${denied}.`);
      giveUp((subject) => subject === denied, error);
    },
  };
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

function readStored(answer: Msg): PublishResult {
  const ack = answer.json<{
    seq?: number;
    duplicate?: boolean;
    error?: { err_code?: number; description?: string };
  }>();
  if (ack.error) {
    return { error: new PublishFailed(String(ack.error.err_code), ack.error.description ?? 'JetStream refused it.') };
  }
  return { sequence: ack.seq ?? 0, duplicate: ack.duplicate ?? false };
}
