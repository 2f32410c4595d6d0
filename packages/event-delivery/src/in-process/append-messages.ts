import type pg from 'pg';
import { DEDUP_WINDOW_MS, type Message, type PublishResult, type StoredMessage } from '../broker/broker.ts';
import { PublishFailed } from '../broker/publish-failed.ts';
import { isSubject, subjectMatches } from '../broker/subject-matches.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { toStored } from './stored-message.ts';

/** As a NATS server has it by default, so that a service behaves the same on both. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** How many of the newest messages of each stream are handed to consumers without asking Postgres again. */
const TAIL = 2_000;

const DUPLICATES = `
  SELECT stream, message_id, sequence FROM event_bus.message
  WHERE stream = ANY ($1) AND message_id = ANY ($2) AND stored_at > now() - $3 * interval '1 millisecond'`;

const APPEND = `
  WITH appended AS (
    INSERT INTO event_bus.message (stream, sequence, subject, message_id, headers, payload)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::jsonb[], $6::text[])
    RETURNING stream, sequence)
  UPDATE event_bus.stream SET last_sequence = last.sequence
  FROM (SELECT stream, max(sequence) AS sequence FROM appended GROUP BY stream) AS last WHERE name = last.stream`;

export interface Stream {
  config: StreamName;
  lastSequence: number;
  readonly tail: StoredMessage[];
}

interface Placed {
  readonly stream: Stream;
  readonly stored: StoredMessage;
  readonly text: string;
}

/** Single writer: appends to the streams of this process, one call after the other. */
export function appendsMessages(pool: pg.Pool, streams: ReadonlyMap<string, Stream>) {
  let lastAppend: Promise<unknown> = Promise.resolve();
  let mustReload = false;
  const streamFor = (subject: string) =>
    [...streams.values()].find(({ config }) => config.subjects.some((each) => subjectMatches(each, subject)));

  async function appendNow(messages: readonly Message[]): Promise<PublishResult[]> {
    if (messages.length === 0) return [];
    if (mustReload) await reloadSequences(pool, streams);
    mustReload = false;
    const meant = messages.map((message) => ({ message, stream: streamFor(message.subject) as Stream }));
    const { results, added } = place(meant, await knownAlready(pool, meant));
    try {
      await write(pool, added);
    } catch (error) {
      mustReload = true;
      throw error;
    }
    for (const { stream, stored } of added) {
      stream.lastSequence = stored.sequence;
      stream.tail.push(stored);
    }
    for (const stream of new Set(added.map((each) => each.stream))) stream.tail.splice(0, stream.tail.length - TAIL);
    return results;
  }

  async function append(messages: readonly Message[]): Promise<PublishResult[]> {
    const refused = messages.findIndex((message) => whyUnsendable(message, streamFor) !== undefined);
    const results = await appendNow(refused === -1 ? messages : messages.slice(0, refused));
    const first = messages[refused];
    if (first) results.push({ error: whyUnsendable(first, streamFor) as PublishFailed });
    const notSent = { error: new PublishFailed('NOT_SENT', 'An earlier message failed; this one waits behind it.') };
    while (results.length < messages.length) results.push(notSent);
    return results;
  }

  /** One result a message; rejects when Postgres does not answer, and then nothing can be said. */
  return (messages: readonly Message[]): Promise<PublishResult[]> => {
    const result = lastAppend.then(() => append(messages));
    lastAppend = result.catch(() => undefined);
    return result;
  };
}

type Meant = { readonly message: Message; readonly stream: Stream };
const keyOf = ({ message, stream }: Meant) => `${stream.config.name} ${message.id}`;

async function knownAlready(pool: pg.Pool, meant: readonly Meant[]): Promise<Map<string, number>> {
  const { rows } = await pool.query(DUPLICATES, [
    [...new Set(meant.map(({ stream }) => stream.config.name))],
    meant.map(({ message }) => message.id),
    DEDUP_WINDOW_MS,
  ]);
  return new Map(rows.map((row) => [`${row.stream} ${row.message_id}`, Number(row.sequence)]));
}

/** Gives each that is not known its sequence. */
function place(meant: readonly Meant[], known: Map<string, number>): { results: PublishResult[]; added: Placed[] } {
  const next = new Map<Stream, number>();
  const added: Placed[] = [];
  const results = meant.map((each): PublishResult => {
    const { message, stream } = each;
    const before = known.get(keyOf(each));
    if (before !== undefined) return { sequence: before, duplicate: true };
    const sequence = (next.get(stream) ?? stream.lastSequence) + 1;
    next.set(stream, sequence);
    known.set(keyOf(each), sequence);
    added.push({ stream, stored: toStored(message, sequence), text: message.payload });
    return { sequence, duplicate: false };
  });
  return { results, added };
}

async function write(pool: pg.Pool, added: readonly Placed[]): Promise<void> {
  if (added.length === 0) return;
  await pool.query(APPEND, [
    added.map(({ stream }) => stream.config.name),
    added.map(({ stored }) => stored.sequence),
    added.map(({ stored }) => stored.subject),
    added.map(({ stored }) => stored.id),
    added.map(({ stored }) => JSON.stringify(stored.headers)),
    added.map(({ text }) => text),
  ]);
}

/** After an append whose end is not known, memory may be behind the table. */
async function reloadSequences(pool: pg.Pool, streams: ReadonlyMap<string, Stream>): Promise<void> {
  const { rows } = await pool.query('SELECT name, last_sequence FROM event_bus.stream');
  for (const row of rows) {
    const stream = streams.get(row.name);
    if (!stream) continue;
    stream.lastSequence = Number(row.last_sequence);
    stream.tail.length = 0;
  }
}

function whyUnsendable(
  message: Message,
  streamFor: (subject: string) => Stream | undefined,
): PublishFailed | undefined {
  if (!isSubject(message.subject)) {
    return new PublishFailed('BAD_SUBJECT', `"${message.subject}" is not a subject to publish to.`);
  }
  if (Buffer.byteLength(message.payload) > MAX_MESSAGE_BYTES) {
    const what = `${message.subject} ${message.id}`;
    return new PublishFailed('TOO_LARGE', `${what} is larger than ${MAX_MESSAGE_BYTES} bytes.`);
  }
  if (!streamFor(message.subject)) {
    return new PublishFailed('NO_STREAM', `No stream takes ${message.subject} (${message.id}).`);
  }
  return undefined;
}
