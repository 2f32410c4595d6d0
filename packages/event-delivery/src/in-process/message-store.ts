import type pg from 'pg';
import { DEDUP_WINDOW_MS, type Message, type PublishResult, type StoredMessage } from '../broker/broker.ts';
import { PublishFailed } from '../broker/publish-failed.ts';
import { isSubject, subjectMatches } from '../broker/subject-matches.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { BUS_TABLES } from './bus-tables.ts';
import { fromRow, type Row, toStored } from './stored-message.ts';

/** As a NATS server has it by default, so that a service behaves the same on both. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Of each stream, so many of the newest messages are handed to consumers without asking Postgres again. */
const TAIL = 2_000;
const EXPIRE_PORTION = 5_000;

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

// A sequence is given out once, even when the row that counts them was lost: a consumer would take it for one it has had.
const DECLARE = `
  INSERT INTO event_bus.stream (name, subjects, keep_forever, last_sequence)
  SELECT $1, $2, $3, greatest($4::bigint,
    (SELECT max(sequence) FROM event_bus.message WHERE stream = $1),
    (SELECT max(acked_through) FROM event_bus.consumer WHERE stream = $1))
  ON CONFLICT (name) DO UPDATE SET subjects = $2, keep_forever = $3 RETURNING last_sequence`;

interface Stream {
  config: StreamName;
  lastSequence: number;
  readonly tail: StoredMessage[];
}

/**
 * The streams of the in-process bus in Postgres. One process owns them (see hold-the-bus), and appends one after the
 * other: so a sequence is never visible before a lower one, and a reader may ask for "what is above".
 */
export function createMessageStore(pool: pg.Pool) {
  const streams = new Map<string, Stream>();
  let lastAppend: Promise<unknown> = Promise.resolve();
  let mustReload = false;

  function streamFor(subject: string): Stream | undefined {
    return [...streams.values()].find(({ config }) => config.subjects.some((each) => subjectMatches(each, subject)));
  }

  function whyUnsendable(message: Message): PublishFailed | undefined {
    if (!isSubject(message.subject)) {
      return new PublishFailed('BAD_SUBJECT', `"${message.subject}" is not a subject to publish to.`);
    }
    if (Buffer.byteLength(message.payload) > MAX_MESSAGE_BYTES) {
      return new PublishFailed(
        'TOO_LARGE',
        `${message.subject} ${message.id} is larger than ${MAX_MESSAGE_BYTES} bytes.`,
      );
    }
    if (!streamFor(message.subject)) {
      return new PublishFailed('NO_STREAM', `No stream takes ${message.subject} (${message.id}).`);
    }
    return undefined;
  }

  /** After an append whose end is not known, memory may be behind the table. */
  async function reloadSequences(): Promise<void> {
    const { rows } = await pool.query('SELECT name, last_sequence FROM event_bus.stream');
    for (const row of rows) {
      const stream = streams.get(row.name);
      if (!stream) continue;
      stream.lastSequence = Number(row.last_sequence);
      stream.tail.length = 0;
    }
    mustReload = false;
  }

  async function appendNow(messages: readonly Message[]): Promise<PublishResult[]> {
    if (messages.length === 0) return [];
    if (mustReload) await reloadSequences();
    const placed = messages.map((message) => ({ message, stream: streamFor(message.subject) as Stream }));
    const { rows } = await pool.query(DUPLICATES, [
      [...new Set(placed.map(({ stream }) => stream.config.name))],
      messages.map(({ id }) => id),
      DEDUP_WINDOW_MS,
    ]);
    const known = new Map(rows.map((row) => [`${row.stream} ${row.message_id}`, Number(row.sequence)]));
    const next = new Map<Stream, number>();
    const added: { stream: Stream; stored: StoredMessage; text: string }[] = [];
    const results = placed.map(({ message, stream }): PublishResult => {
      const key = `${stream.config.name} ${message.id}`;
      const before = known.get(key);
      if (before !== undefined) return { sequence: before, duplicate: true };
      const sequence = (next.get(stream) ?? stream.lastSequence) + 1;
      next.set(stream, sequence);
      known.set(key, sequence);
      added.push({ stream, stored: toStored(message, sequence), text: message.payload });
      return { sequence, duplicate: false };
    });
    if (added.length === 0) return results;
    try {
      await pool.query(APPEND, [
        added.map(({ stream }) => stream.config.name),
        added.map(({ stored }) => stored.sequence),
        added.map(({ stored }) => stored.subject),
        added.map(({ stored }) => stored.id),
        added.map(({ stored }) => JSON.stringify(stored.headers)),
        added.map(({ text }) => text),
      ]);
    } catch (error) {
      mustReload = true;
      throw error;
    }
    for (const { stream, stored } of added) {
      stream.lastSequence = stored.sequence;
      stream.tail.push(stored);
    }
    for (const stream of next.keys()) stream.tail.splice(0, stream.tail.length - TAIL);
    return results;
  }

  return {
    async open(): Promise<void> {
      await pool.query(BUS_TABLES);
      const { rows } = await pool.query('SELECT name, subjects, keep_forever, last_sequence FROM event_bus.stream');
      for (const row of rows) {
        const config = {
          name: row.name,
          subjects: row.subjects,
          ...(row.keep_forever && { keep: 'forever' as const }),
        };
        streams.set(row.name, { config, lastSequence: Number(row.last_sequence), tail: [] });
      }
    },

    async declareStream(config: StreamName): Promise<void> {
      const known = streams.get(config.name);
      const values = [config.name, config.subjects, config.keep === 'forever', known?.lastSequence ?? 0];
      const { rows } = await pool.query(DECLARE, values);
      if (known) known.config = config;
      else streams.set(config.name, { config, lastSequence: Number(rows[0].last_sequence), tail: [] });
    },

    /** One result a message; rejects when Postgres does not answer, and then nothing can be said. */
    append(messages: readonly Message[]): Promise<PublishResult[]> {
      const job = async (): Promise<PublishResult[]> => {
        const refused = messages.findIndex((message) => whyUnsendable(message) !== undefined);
        const sendable = refused === -1 ? messages : messages.slice(0, refused);
        const results = await appendNow(sendable);
        const first = messages[refused];
        if (first) results.push({ error: whyUnsendable(first) as PublishFailed });
        const notSent = {
          error: new PublishFailed('NOT_SENT', 'An earlier message failed; this one waits behind it.'),
        };
        while (results.length < messages.length) results.push(notSent);
        return results;
      };
      const result = lastAppend.then(job);
      lastAppend = result.catch(() => undefined);
      return result;
    },

    /** At most `limit` messages above a sequence, in order. */
    async read(stream: string, above: number, limit: number): Promise<StoredMessage[]> {
      const tail = streams.get(stream)?.tail ?? [];
      const [first] = tail;
      // A deleted message leaves the tail too, so a tail that begins at or before the next one is complete from there.
      if (first && first.sequence <= above + 1) return tail.filter(({ sequence }) => sequence > above).slice(0, limit);
      const { rows } = await pool.query<Row>(
        `SELECT sequence, subject, message_id, headers, payload, stored_at FROM event_bus.message
         WHERE stream = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`,
        [stream, above, limit],
      );
      return rows.map(fromRow);
    },

    async *stored(stream: string, pattern?: string, after = 0): AsyncIterable<StoredMessage> {
      const exact = pattern !== undefined && !/[*>]/.test(pattern);
      for (let above = after; ; ) {
        const { rows } = await pool.query<Row>(
          `SELECT sequence, subject, message_id, headers, payload, stored_at FROM event_bus.message
           WHERE stream = $1 AND sequence > $2 AND ($3::text IS NULL OR subject = $3) ORDER BY sequence LIMIT 1000`,
          [stream, above, exact ? pattern : null],
        );
        for (const row of rows) {
          if (pattern === undefined || subjectMatches(pattern, row.subject)) yield fromRow(row);
        }
        const last = rows.at(-1);
        if (!last || rows.length < 1_000) return;
        above = Number(last.sequence);
      }
    },

    async delete(stream: string, sequence: number): Promise<void> {
      const tail = streams.get(stream)?.tail ?? [];
      const at = tail.findIndex((message) => message.sequence === sequence);
      if (at !== -1) tail.splice(at, 1);
      await pool.query('DELETE FROM event_bus.message WHERE stream = $1 AND sequence = $2', [stream, sequence]);
    },

    /** Removes what is older, in small portions. */
    async expire(olderThanMs: number): Promise<void> {
      for (;;) {
        const { rowCount } = await pool.query(
          `DELETE FROM event_bus.message WHERE (stream, sequence) IN (
             SELECT message.stream, sequence FROM event_bus.message JOIN event_bus.stream ON name = message.stream
             WHERE NOT keep_forever AND stored_at < now() - $1 * interval '1 millisecond' LIMIT ${EXPIRE_PORTION})`,
          [olderThanMs],
        );
        if ((rowCount ?? 0) < EXPIRE_PORTION) return;
      }
    },
  };
}

export type MessageStore = ReturnType<typeof createMessageStore>;
